"""`windtunnel catalog show`: the facts that predictions and bills rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from windtunnel.options import AsJson, Out, PricesPath

if TYPE_CHECKING:
    from rich.console import Console

    from domain.catalog import Catalog, Offer

app = typer.Typer(no_args_is_help=True, help="Machines, accelerators, prices, and their sources.")


@app.callback()
def _group() -> None:
    pass


@app.command("show")
def show(
    filters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILTER",
            help="Words that a row must hold: a provider, region, machine or accelerator.",
        ),
    ] = None,
    accelerators: Annotated[
        bool, typer.Option("--accelerators", help="Accelerators instead of machines.")
    ] = False,
    services: Annotated[
        bool, typer.Option("--services", help="Storage and network prices instead of machines.")
    ] = False,
    models: Annotated[
        bool, typer.Option("--models", help="Models that a workload can name.")
    ] = False,
    parameters: Annotated[
        bool,
        typer.Option("--parameters", help="What the models assume, each with its source."),
    ] = False,
    prices: PricesPath = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Print machines with their prices by region, accelerators, or service prices.

    Without a filter it prints one row a machine type, at its lowest on-demand price.

    Example:  windtunnel catalog show p5 us-east-1
    """
    from domain.catalog import load_catalog
    from domain.errors import CatalogError, InputError
    from domain.reading import load_prices
    from windtunnel.output import emit

    kinds = (accelerators, services, models, parameters)
    if sum(kinds) > 1:
        raise InputError("give one of --accelerators, --services, --models and --parameters")
    catalog = load_catalog()
    if prices is not None:
        catalog = catalog.with_prices(load_prices(prices))
    words = [word.lower() for word in filters or ()]
    if accelerators:
        rows = _accelerators(catalog)
    elif models:
        rows = _models()
    elif parameters:
        rows = _parameters()
    elif services:
        rows = _services(catalog)
    else:
        rows = _offers(catalog)
    found = [row for row in rows if _holds(row, words)]
    if not found:
        hint = _hint(catalog, words)
        raise CatalogError(f"nothing in the catalog holds {' and '.join(map(repr, words))}{hint}")
    shown = found if words or any(kinds) else _cheapest(found)
    emit(
        {"snapshot": catalog.snapshot, "as_of": catalog.as_of.isoformat(), "rows": found},
        as_json,
        out,
        lambda console: _draw(console, shown, len(found), catalog),
    )


def _holds(row: dict[str, Any], words: list[str]) -> bool:
    text = [str(value).lower() for key, value in row.items() if key not in ("source", "note")]
    return all(any(word in value for value in text) for word in words)


def _hint(catalog: Catalog, words: list[str]) -> str:
    from domain.errors import near_misses

    known = {machine.name for machine in catalog.machines()}
    known |= {chip.id for chip in catalog.accelerators()}
    known |= {region for provider in ("aws", "gcp") for region in catalog.regions(provider)}
    return next((hint for word in words if (hint := near_misses(word, known))), "")


def _offers(catalog: Catalog) -> list[dict[str, Any]]:
    shapes = {(each.provider, each.name): each for each in catalog.machines()}
    return [_offer_row(offer, shapes[offer.provider, offer.machine]) for offer in catalog.offers()]


def _offer_row(offer: Offer, shape: Any) -> dict[str, Any]:
    return {
        "provider": offer.provider,
        "region": offer.region,
        "machine": offer.machine,
        "accelerator": shape.accelerator,
        "accelerators": shape.accelerator_count,
        "vcpu": shape.vcpu,
        "memory_gib": None if shape.memory_bytes is None else shape.memory_bytes / 2**30,
        "network_gbit_per_s": None
        if shape.network_bytes_per_second is None
        else shape.network_bytes_per_second * 8 / 1e9,
        "on_demand_usd_per_hour": offer.on_demand_usd_per_hour,
        "spot_usd_per_hour": offer.spot_usd_per_hour,
        "spot_low_usd_per_hour": offer.spot_low_usd_per_hour,
        "spot_high_usd_per_hour": offer.spot_high_usd_per_hour,
        "commit_1y_usd_per_hour": offer.commit_1y_usd_per_hour,
        "commit_3y_usd_per_hour": offer.commit_3y_usd_per_hour,
        "unpriced": offer.reason_unpriced,
        "as_of": offer.as_of.isoformat() if offer.as_of else None,
        "source": offer.source,
    }


def _accelerators(catalog: Catalog) -> list[dict[str, Any]]:
    return [
        {
            "id": chip.id,
            "vendor": chip.vendor,
            "memory_gib": None if chip.memory_bytes is None else chip.memory_bytes / 2**30,
            "memory_gbyte_per_s": None
            if chip.memory_bytes_per_second is None
            else chip.memory_bytes_per_second / 1e9,
            **{
                f"{name}_tflops": _tera(chip.peak_flops.get(name))
                for name in ("fp32", "tf32", "fp16", "bf16", "fp8", "int8")
            },
            "link": chip.link_kind,
            "frameworks": ", ".join(chip.frameworks),
            "as_of": chip.as_of.isoformat() if chip.as_of else None,
            "source": chip.source,
        }
        for chip in catalog.accelerators()
    ]


def _models() -> list[dict[str, Any]]:
    from domain.model_facts import model_names, resolve_model

    found = [resolve_model(name) for name in model_names()]
    return [
        {
            "model": model.name,
            "parameters_million": model.parameters / 1e6,
            "forward_gflop_per_sample": model.forward_flops_per_sample / 1e9,
            "sample": model.sample_unit,
            "optimizer": model.optimizer,
            "from": model.source,
        }
        for model in found
    ]


def _parameters() -> list[dict[str, Any]]:
    from simulator.models.calibration import TUNED, describe_parameters

    return [
        {
            "parameter": name,
            "value": value,
            "tuned": None if getattr(TUNED, name) == value else getattr(TUNED, name),
            "unit": unit,
            "from": source,
        }
        for name, value, unit, source in describe_parameters()
    ]


def _tera(flops: float | None) -> float | None:
    return None if flops is None else flops / 1e12


def _services(catalog: Catalog) -> list[dict[str, Any]]:
    return [
        {
            "provider": each.provider,
            "service": each.service,
            "item": each.item,
            "region": each.region,
            "unit": each.unit,
            "value": each.value,
            "tiers": [{"above": tier.above, "value": tier.value} for tier in each.tiers],
            "as_of": each.as_of.isoformat() if each.as_of else None,
            "source": each.source,
        }
        for provider in ("aws", "gcp")
        for each in catalog.services(provider)
    ]


def _cheapest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["provider"], row["machine"])
        price = row["on_demand_usd_per_hour"]
        held = best.get(key)
        held_price = held["on_demand_usd_per_hour"] if held else None
        if held is None or (price is not None and (held_price is None or price < held_price)):
            best[key] = row
    return list(best.values())


def _draw(console: Console, rows: list[dict[str, Any]], found: int, catalog: Catalog) -> None:
    from domain.figures import digits
    from simulator.report.layout import Column, draw_table

    names = [key for key in rows[0] if key not in _ONLY_IN_JSON]

    def cell(value: Any) -> str:
        if value is None:
            return "–"
        return digits(value) if isinstance(value, float) else str(value)

    columns = [
        Column(
            _heading(name),
            words=name in _PROSE,
            left=all(row[name] is None or isinstance(row[name], str) for row in rows),
            spare=_SPARE.get(name, 0),
        )
        for name in names
    ]
    draw_table(console, columns, [[cell(row[name]) for name in names] for row in rows])
    if len(rows) < found:
        console.print(
            f"{len(rows)} machine types at their lowest price of {found} offers; "
            "filter by a word to see each region"
        )
    console.print(f"[dim]catalog {catalog.snapshot}[/]")


# Columns that a narrow terminal does without, the highest first.
_SPARE = {
    "spot_low_usd_per_hour": 7,
    "spot_high_usd_per_hour": 8,
    "commit_1y_usd_per_hour": 6,
    "memory_gib": 5,
    "network_gbit_per_s": 4,
    "vcpu": 3,
    "as_of": 2,
    "int8_tflops": 6,
    "tf32_tflops": 5,
    "fp32_tflops": 4,
    "frameworks": 3,
    "service": 1,
}
_PROSE = ("unit", "from", "item")
# What a row has no room for on a terminal.
_ONLY_IN_JSON = {
    "provider",
    "vendor",
    "link",
    "source",
    "tiers",
    "unpriced",
    "commit_3y_usd_per_hour",
}


def _heading(key: str) -> str:
    return (
        key.replace("accelerators", "of them")
        .replace("_usd_per_hour", "\n$/h")
        .replace("_gbit_per_s", "\nGbit/s")
        .replace("_gbyte_per_s", "\nGB/s")
        .replace("_gib", "\nGiB")
        .replace("_million", "\nmillion")
        .replace("_gflop_per_sample", "\nGFLOP/sample")
        .replace("_tflops", "\nTFLOP/s")
        .replace("_", " ")
    )
