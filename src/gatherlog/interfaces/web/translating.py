"""Templates in a language: texts are translated while a template is compiled, once.

The marks are those of Jinja's own extension, so that every tool for gettext finds them:
`{{ _("Sign in") }}`, and `{% trans name=guest.name %}Hello {{ name }}{% endtrans %}`, also with
`{% pluralize %}`. A translated template has the same code as one that was written in its language,
so a mark costs nothing while a page is made. Each language has an environment of its own.
"""

import re
from collections.abc import Iterator
from typing import Final

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from gatherlog.core.texts import ENGLISH, Language

__all__ = ["Translating"]

Values = dict[str, nodes.Expr]
_PARTS: Final = re.compile(r"%\((\w+)\)s|(%%)")
"""What stands in a text for a value, and for the character `%`, as in Jinja's extension."""
_PLURAL: Final = "_plural"


class Translating(Extension):
    """`_` with a text, and blocks of `trans`."""

    tags = {"trans"}  # noqa: RUF012 - as the base class has it
    language = ENGLISH

    @classmethod
    def into(cls, environment: Environment, language: Language) -> None:
        """Let the environment compile its templates in a language."""
        environment.add_extension(cls)
        extension = environment.extensions[cls.identifier]
        assert isinstance(extension, cls)
        extension.language = language
        environment.globals[_PLURAL] = language.plural
        environment.globals["lang"] = language.tag

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens, with the translated text in place of each `_("…")`."""
        for token in stream:
            if not token.test("name:_") or stream.current.type != "lparen":
                yield token
                continue
            next(stream)
            text = stream.expect("string")
            stream.expect("rparen")
            yield Token(text.lineno, "string", self.language.text(text.value))

    def parse(self, parser: Parser) -> nodes.Node:
        """One block of `trans`, as the code that the translated text would have."""
        line = next(parser.stream).lineno
        values = _values(parser)
        one, end = _text(parser, values)
        if end == "endtrans":
            return _output(self.language.text(one), values).set_lineno(line)
        counted = next(iter(values.values()))
        many, end = _text(parser, values)
        if end != "endtrans":
            parser.fail("a text has one plural", line)
        return self._plural(one, many, counted, values).set_lineno(line)

    def _plural(self, one: str, many: str, counted: nodes.Expr, values: Values) -> nodes.Node:
        """The forms of a text, of which the number chooses one when the page is made."""
        choose, forms = self.language.plural, dict[str, None]()
        for count in range(200):  # no language has a form that only larger numbers have
            forms.setdefault(choose(one, many, count))
        *others, last = forms
        arguments: list[nodes.Expr] = [nodes.Const(one), nodes.Const(many), counted]
        chosen = nodes.Call(nodes.Name(_PLURAL, "load"), arguments, [], None, None)
        node: list[nodes.Node] = [_output(last, values)]
        for form in others:
            test = nodes.Compare(chosen, [nodes.Operand("eq", nodes.Const(form))])
            node = [nodes.If(test, [_output(form, values)], [], node)]
        return node[0]


def _values(parser: Parser) -> Values:
    """What is given at the beginning of a block: `name=expression`, or the name alone."""
    values: Values = {}
    while parser.stream.current.type != "block_end":
        if values:
            parser.stream.expect("comma")
        name = parser.stream.expect("name")
        is_given = parser.stream.skip_if("assign")
        values[name.value] = (
            parser.parse_expression() if is_given else nodes.Name(name.value, "load")
        )
    parser.stream.expect("block_end")
    return values


def _text(parser: Parser, values: Values) -> tuple[str, str]:
    """The text up to the next tag, with `%(name)s` for each value; and the name of that tag."""
    parts: list[str] = []
    while True:
        token = next(parser.stream)
        if token.type == "data":
            parts.append(token.value.replace("%", "%%"))
        elif token.type == "variable_begin":
            name = parser.stream.expect("name").value
            values.setdefault(name, nodes.Name(name, "load"))
            parts.append(f"%({name})s")
            parser.stream.expect("variable_end")
        elif token.type == "block_begin" and parser.stream.current.test_any(
            "name:endtrans", "name:pluralize"
        ):
            end = next(parser.stream).value
            if end == "pluralize":
                parser.stream.expect("block_end")
            text = "".join(parts)
            return text if "%(" in text else text.replace("%%", "%"), end
        else:
            parser.fail("a text holds values and no other code", token.lineno)


def _output(text: str, values: Values) -> nodes.Node:
    """The code that prints a text with its values."""
    parts: list[nodes.Expr] = []
    for index, part in enumerate(_PARTS.split(text)):
        if index % 3 == 0 and part:
            parts.append(nodes.TemplateData(part))
        elif index % 3 == 1 and part is not None:
            parts.append(values[part])
        elif index % 3 == 2 and part is not None:
            parts.append(nodes.TemplateData("%"))
    return nodes.Output(parts)
