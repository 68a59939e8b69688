"""A FastAPI application. Tests parse it; nothing imports it."""

import typing
from abc import ABC
from decimal import Decimal
from enum import Enum
from typing import Dict, List, Union

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field

app = FastAPI()
router = APIRouter()
DEFAULT_FEE = Decimal(0)


class Archive(ABC):
    folder: str


class Stop(BaseModel):
    city: str
    nights: int


class Trip(BaseModel):
    model_config = {"extra": "forbid"}

    start: str = Field(..., title="Start", description="Where it begins.", alias="from")
    stops: List[str] = Field(default_factory=list, description="Cities on the way.")
    seats: int = 1
    price: typing.Union[int, float]
    labels: Dict[str, str]
    currency: str = ""
    codes: set = None


class Unit(Enum):
    name: str


@app.get("/trips")
async def list_trips(archive: Archive, unit: Unit, kind: typing.Literal["car"]):
    """List the trips."""


@router.post("/trips", status_code=201)
async def create_trip(trip: Trip, notify: bool = False):
    """Book a trip."""


@router.put("/stops")
def replace_stop(stop: Stop, fee: Decimal = DEFAULT_FEE):
    """Replace a stop."""


@router.patch("/trips")
def change_trip(seats: Union[int, str], size: tuple[int, int], codes: set[str]):
    """Change a trip."""


@router.delete("/trips")
async def delete_trip():
    """Cancel a trip."""


@app.route("/legacy")
async def answer(request):
    """A route of Starlette, not of FastAPI."""
