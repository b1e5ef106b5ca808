"""The directive `{quiz}`: questions in YAML become forms that a script in the page checks.

Without a script a reader still sees the questions, and unfolds the answers. The reading of
the YAML is in quiz_questions.py, the checking in _assets/quiz.js.
"""

from __future__ import annotations

from html import escape

from docutils import nodes
from quiz_questions import Choices, Number, QuizError, read, written
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

EMPTY = {"input"}  # elements of HTML that have no end
HOW = {
    "one": "Choose one.",
    "several": "Choose every one that is right.",
    "number": "Write a number; a fraction like 1/4 will do.",
}


class Element(nodes.Element):
    """An element of HTML by its name; other formats show only what is in it."""


class Quiz(Element):
    """The element around a whole quiz."""


def element(tag: str, /, *inside: nodes.Node, kind=Element, **attributes) -> Element:
    """An element; `class_` and `data_x` become class and data-x, True an attribute alone."""
    marks = {key.rstrip("_").replace("_", "-"): v for key, v in attributes.items()}
    node = kind("", tag=tag, marks=marks)
    node += list(inside)
    return node


class QuizDirective(SphinxDirective):
    """A list of questions; anything wrong with them is an error that names page and question."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        try:
            questions = read("\n".join(self.content))
            forms = [self.form(n, q) for n, q in enumerate(questions, 1)]
        except QuizError as error:
            raise self.error(f"Quiz of {self.env.docname}: {error}.") from error
        score = element("p", class_="quiz-score", hidden=True)
        page = self.env.docname
        return [element("div", *forms, score, kind=Quiz, class_="quiz", data_quiz=page)]

    def form(self, n: int, question: Choices | Number) -> Element:
        """The form of one question, with its answers folded at the end."""
        kind = "number"
        if isinstance(question, Choices):
            kind = "several" if question.several else "one"
        legend, *more = self.parse_text_to_nodes(question.ask)
        if not isinstance(legend, nodes.paragraph):
            raise QuizError(f"question {n} does not begin with a sentence")
        number = element("span", nodes.Text(f"Question {n}. "), class_="quiz-number")
        name = f"quiz-{question.key}"
        fields, answers = (
            self.number(name, question)
            if kind == "number"
            else self.choices(n, name, kind, question)
        )
        return element(
            "form",
            element(
                "fieldset",
                element("legend", number, words(legend)),
                *more,
                element(
                    "p", nodes.Text(HOW[kind]), class_="quiz-how", id=f"{name}-how"
                ),
                fields,
                aria_describedby=f"{name}-how",
            ),
            element(
                "button",
                nodes.Text("Check"),
                element("span", nodes.Text(f" question {n}"), class_="visually-hidden"),
                type="submit",
                class_="btn btn-outline-primary quiz-check",
                hidden=True,
            ),
            element("div", role="status", aria_live="polite", class_="quiz-said"),
            element(
                "details",
                element("summary", nodes.Text(f"Answer to question {n}, with reasons")),
                answers,
                class_="quiz-answers",
            ),
            class_="quiz-question",
            novalidate=True,
            data_kind=kind,
            data_question=question.key,
        )

    def choices(self, n: int, name: str, kind: str, question: Choices):
        """What is to be ticked, and what is said of each."""
        fields = element("ul", class_="quiz-choices")
        answers = element("ul")
        tick = "checkbox" if question.several else "radio"
        for value, choice in enumerate(question.choices):
            box = element("input", type=tick, name=name, value=str(value))
            text = element("span", *spoken(value), self.line(n, choice.text))
            fields += element("li", element("label", box, text))
            answers += element(
                "li",
                nodes.strong("", "Right: " if choice.right else "Wrong: "),
                element("span", self.line(n, choice.text), class_="quiz-repeated"),
                self.why(choice.why),
                data_right="true" if choice.right else "false",
            )
        return fields, answers

    def number(self, name: str, question: Number):
        """A field for a number, and what is said of the right and of the usual ones."""
        entry = element(
            "input", type="text", inputmode="decimal", autocomplete="off", name=name
        )
        text = f"Your answer{f' ({question.unit})' if question.unit else ''}: "
        fields = element(
            "p", element("label", nodes.Text(text), entry), class_="quiz-entry"
        )
        answers = element("ul", data_tolerance=repr(float(question.tolerance)))
        rows = [("Right: ", question.answer, question.why)]
        rows += [("Wrong: ", value, why) for value, why in question.usual]
        for word, value, why in rows:
            answers += element(
                "li",
                nodes.strong("", word),
                nodes.Text(written(value)),
                self.why(why),
                data_right="true" if word == "Right: " else "false",
                data_value=repr(float(value)),
            )
        answers += element(
            "li",
            nodes.strong("", "Any other number:"),
            self.why(question.otherwise),
            data_right="false",
        )
        return fields, answers

    def why(self, text: str) -> Element:
        return element("div", *self.parse_text_to_nodes(text), class_="quiz-why")

    def line(self, n: int, text: str) -> nodes.inline:
        """A text of one paragraph, without the paragraph: a label holds no blocks."""
        parts = self.parse_text_to_nodes(text)
        if len(parts) != 1 or not isinstance(parts[0], nodes.paragraph):
            raise QuizError(f"question {n}: {text!r} is not one paragraph of text")
        return words(parts[0])


def words(paragraph: nodes.paragraph) -> nodes.inline:
    """What is in a paragraph. Sphinx wants a link's parent to be an element of text."""
    return nodes.inline("", "", *paragraph.children)


def spoken(value: int) -> list[nodes.Node]:
    """The number of a choice, for who hears it: one that is a formula has no other words."""
    return [element("span", nodes.Text(f"{value + 1}: "), class_="visually-hidden")]


def begin(translator, node: Element) -> None:
    marks = "".join(
        f" {key}" if value is True else f' {key}="{escape(value)}"'
        for key, value in node["marks"].items()
    )
    translator.body.append(f"<{node['tag']}{marks}>")


def end(translator, node: Element) -> None:
    if node["tag"] not in EMPTY:
        translator.body.append(f"</{node['tag']}>\n")


def nothing(translator, node: Element) -> None:
    """Formats other than HTML write what is inside."""


def load_on_pages_with_a_quiz(
    app: Sphinx, pagename, template, context, doctree
) -> None:
    """Other pages do not load the script and the style."""
    if doctree is not None and next(doctree.findall(Quiz), None) is not None:
        app.add_js_file("quiz.js", defer="defer")
        app.add_css_file("style/quiz.css")


def setup(app: Sphinx) -> dict:
    formats = ("latex", "text", "man", "texinfo")
    others = {name: (nothing, nothing) for name in formats}
    for node in (Element, Quiz):
        app.add_node(node, html=(begin, end), **others)
    app.add_directive("quiz", QuizDirective)
    app.connect("html-page-context", load_on_pages_with_a_quiz)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
