"""GraphQL documents, parsed, limited and validated once per text: validation is most of the cost of a request."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    validate,
)

MAX_TOKENS = 2000
MAX_DEPTH = 20
MAX_ALIASES = 60
MAX_LENGTH = 64 * 1024
_CACHED = 1000


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that may be executed, or the errors that say why not.

    `fields` are the root fields that it asks for, each once; of entities, which: `_entities.Campaign`.
    """

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    fields: tuple[str, ...] = ()


class Documents:
    """Least-recently-used cache of checked documents for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._cache: OrderedDict[str, Checked] = OrderedDict()

    def get(self, text: str) -> Checked:
        """The checked document of this text."""
        checked = self._cache.get(text)
        if checked is None:
            checked = self._check(text)
            self._cache[text] = checked
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(text)
        return checked

    def _check(self, text: str) -> Checked:
        if len(text) > MAX_LENGTH:
            return _refused(f"The document may have {MAX_LENGTH} characters at most.")
        try:
            document = parse(text, max_tokens=MAX_TOKENS, no_location=False)
            _Limits(document).check()
        except GraphQLError as error:
            error.extensions = {"code": "GRAPHQL_PARSE_FAILED", **(error.extensions or {})}
            return Checked(None, (error,))
        except RecursionError:
            return _refused("The document is nested too deeply.")
        errors = validate(self._schema, document, max_errors=5)
        for error in errors:
            # The router has validated the document, but not what our scalars say of a value. Without a place in the
            # document is the last of too many, which says that there are more.
            code = "BAD_REQUEST" if error.original_error or not error.nodes else "GRAPHQL_VALIDATION_FAILED"
            error.extensions = {"code": code}
        if errors:
            return Checked(None, tuple(errors))
        return Checked(document, fields=tuple(dict.fromkeys(_root_fields(document))))


class _Limits:
    """Depth and alias count of each operation, fragments followed."""

    def __init__(self, document: DocumentNode) -> None:
        self._operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._aliases = 0

    def check(self) -> None:
        for operation in self._operations:
            self._aliases = 0
            self._walk(operation.selection_set, 1, ())

    def _walk(self, selection_set: SelectionSetNode, depth: int, through: tuple[str, ...]) -> None:
        if depth > MAX_DEPTH:
            raise _limit(f"Fields may be nested {MAX_DEPTH} deep at most.")
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                self._aliases += selection.alias is not None
                if self._aliases > MAX_ALIASES:
                    raise _limit(f"An operation may use {MAX_ALIASES} aliases at most.")
                if selection.selection_set:
                    self._walk(selection.selection_set, depth + 1, through)
            elif isinstance(selection, InlineFragmentNode):
                self._walk(selection.selection_set, depth, through)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments.get(selection.name.value)
                if fragment and fragment.name.value not in through:
                    self._walk(fragment.selection_set, depth, (*through, fragment.name.value))


def _root_fields(document: DocumentNode) -> Iterator[str]:
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def walk(selections: Iterable[SelectionNode]) -> Iterator[SelectionNode]:
        for selection in selections:
            if isinstance(selection, FragmentSpreadNode):
                yield from walk(fragments[selection.name.value].selection_set.selections)
            else:
                yield selection
                if isinstance(selection, InlineFragmentNode):
                    yield from walk(selection.selection_set.selections)

    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        for field in walk(operation.selection_set.selections):
            if not isinstance(field, FieldNode):
                continue
            name = field.name.value
            inside = field.selection_set.selections if field.selection_set and name == "_entities" else ()
            kinds = [
                f.type_condition.name.value
                for f in walk(inside)
                if isinstance(f, InlineFragmentNode) and f.type_condition
            ]
            yield from [f"{name}.{kind}" for kind in kinds] or [name]


def _limit(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "GRAPHQL_VALIDATION_FAILED"})


def _refused(message: str) -> Checked:
    return Checked(None, (_limit(message),))
