"""A Flask application. Tests parse it; nothing imports it."""

from flask import Blueprint, Flask, request

from shop.auth import login_required

app = Flask(__name__)
orders = Blueprint("orders", __name__)


@app.before_request
def remember_caller():
    """A hook, not a route."""


@app.route("/weather", methods=["GET"])
@login_required
def get_weather(city: str, days: int = 1, metric: bool = True):
    """Return the weather of a city.

    It is measured every hour: at noon as well.

    Args:
        city: The city to look up.
        days: How many days ahead: 1 is tomorrow.

    Returns:
        dict: The weather.
    """


@orders.get("/orders")
def list_orders(
    tags: list[str], limit: int = 0, currency: str = "€", after: str = None
):
    return {"tags": tags, "limit": limit, "currency": currency, "after": after}


@login_required
@orders.post("/orders")
def create_order():
    """Create an order from the body of the request."""
    return request.get_json(), 201


@orders.put("/orders")
def replace_order(order_id, body: dict):
    "Replace an order."


@orders.delete("/orders")
def delete_order(order_id: str, *reasons, **options):
    pass


def create_admin():
    admin = Flask("admin")

    @admin.patch("/health")
    def set_health(value: float):
        """Change the health of the service."""

    return admin
