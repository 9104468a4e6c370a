"""``reelhouse explore``: the page over the lake."""

import ipaddress
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings
from jobs.errors import JobError

EXAMPLES = examples("reelhouse explore", "reelhouse explore --port 8700")


def explore(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; REELHOUSE_EXPLORER_PORT, 8600, unless given.")
    ] = None,
) -> None:
    """Serve the page over the lake: tonight, viewers, titles, nights, data and models in a browser, until Ctrl-C.

    It listens on 127.0.0.1 unless REELHOUSE_EXPLORER_HOST says otherwise, and then only with REELHOUSE_EXPLORER_TOKEN.
    `make up` starts it beside Airflow and MLflow.
    """
    import uvicorn

    from jobs.explorer.site import create

    home = settings()
    host, port = home.explorer_host, port or home.explorer_port
    if not _is_loopback(host) and home.explorer_token is None:
        raise JobError(
            f"the page was not served: REELHOUSE_EXPLORER_HOST is {host}, where others can ask for it; set "
            "REELHOUSE_EXPLORER_TOKEN to a secret of at least 16 characters, or listen on 127.0.0.1"
        )
    site = create(home)
    display.say(f"Reelhouse  http://{host}:{port}  (Ctrl-C ends it)")
    # One process: it holds one copy of what it reads, and its requests wait for files, not for each other.
    uvicorn.run(site, host=host, port=port, log_level="warning", server_header=False, access_log=False)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
