"""A question as a form: a page of its own, or, where there are scripts, a dialog on the page that one came from."""

from twisted.web.template import Tag, tags

from exproxy.admin.callers import Caller
from exproxy.admin.intent import FIELD
from exproxy.admin.page.elements import sign
from exproxy.admin.page.questions import Question
from exproxy.pool.server import MAX_WEIGHT


def question_page(question: Question, caller: Caller, fault: str = "") -> Tag:
    """What stands in ``main``.

    :param fault: why it is asked again.
    """
    return Tag("main")(_form(question, caller, fault), id="main", tabindex="-1", class_="asked")


def _form(question: Question, caller: Caller, fault: str) -> Tag:
    inside = [tags.h1(question.title, id="question-title"), *(tags.p(text) for text in question.follows)]
    if question.warning:
        inside.append(tags.p(sign(question.warning, "bad"), class_="warning"))
    if question.weight is not None:
        number = {"type": "number", "min": "0", "max": str(MAX_WEIGHT), "step": "1", "required": "required"}
        field = tags.input(name="weight", value=question.weight, autofocus="autofocus", **number)
        inside.append(tags.p(tags.label("Weight ", field)))
    if fault:
        inside.append(tags.p(fault, class_="fault", role="alert"))
    if caller.token:
        inside.append(tags.input(type="hidden", name=FIELD, value=caller.token))
    buttons = tags.p(
        tags.button(question.yes, class_="button strong"),
        tags.a("Cancel", href=question.back, class_="button", **{"data-no": ""}),
        class_="buttons",
    )
    return tags.form(
        *inside, buttons, method="post", action=question.address, id="question", **{"aria-labelledby": "question-title"}
    )
