"""The operations generated for TypeScript compile strictly, and say what may be sent and what comes back."""

from tests.support import frontends


def test_frontends_over_the_generated_operations_compile_and_wrong_ones_do_not() -> None:
    """`wrong.ts` marks the lines that must not compile."""
    frontends.ensure_installed()
    done = frontends.compile_strictly()
    assert (done.returncode, done.stdout) == (0, "")
