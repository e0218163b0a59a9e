"""What the orders API refuses beyond what every API refuses."""

from events.api.problem_kind import ProblemKind, declare_problem

ORDER_CONFLICT = declare_problem(
    ProblemKind(
        code="order-conflict",
        status=409,
        title="An order with this id exists, with other content",
        meaning="An order id names one order for ever, and orders are not changed.",
        remedy="If this is another order give it another id; else read the one that exists.",
    )
)
