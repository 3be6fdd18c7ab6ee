import sys
from pathlib import Path

from scripts.devtools.commands.check import Step, run_all


async def test_every_step_runs_and_says_how_it_went(tmp_path: Path):
    steps = [
        Step("good", [sys.executable, "-S", "-c", "print('fine')"]),
        Step("bad", [sys.executable, "-S", "-c", "import sys; sys.exit('three things are wrong')"]),
        Step("absent", ["no-such-program"]),
    ]
    outcomes = await run_all(steps, tmp_path)
    assert [(outcome.step.title, outcome.good) for outcome in outcomes] == [
        ("good", True),
        ("bad", False),
        ("absent", False),
    ]
    assert outcomes[0].output == "fine\n"
    assert "three things are wrong" in outcomes[1].output
    assert "no-such-program" in outcomes[2].output
