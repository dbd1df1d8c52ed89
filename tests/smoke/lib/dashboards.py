#!/usr/bin/env python3
# smoke: runs every query of dashboards and rules, and looks at how the dashboards are laid out.
"""dashboards.py layout FOLDER | panels PROMETHEUS FILE | rules PROMETHEUS | sql CLICKHOUSE FILE

FOLDER: of Grafana's provisioning. FILE: a dashboard. PROMETHEUS, CLICKHOUSE: their URLs. What gives no data is told, one line each."""
import json
import math
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# What Grafana puts in place of variables.
VARIABLES = {"$__rate_interval": "20s", "$__range": "60s", "$site": "shanghai-office", "$line": ".*", "$worker": ".*"}
# What a test of a healthy gateway need not show, and why.
MAY_BE_EMPTY = {
    "ALERTS{": "only while something fires",
    "sluice_line_term_days_left": "only where a line has a term",
    "sluice_reviews_overdue": "only where the access log is to be reviewed",
    "sluice_alarm_active": "only where the policy has alarms",
}
SQL_MAY_BE_EMPTY = {"kind = 'gap'": "only where records are missing"}
SELECTOR = re.compile(r"\b((?:sluice_|ALERTS\b|up\b|(?:line|site|worker|action):)[\w:]*(?:\{[^}]*\})?)")
HOSTILE = "x' OR 1 = 1 -- \\"


def get(url: str, data: bytes | None = None) -> str:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode(errors="replace")[:400]) from error


def api(prometheus: str, path: str, **words: str) -> dict:
    said = json.loads(get(f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(words)}"))
    if said["status"] != "success":
        raise RuntimeError(said.get("error", "no success"))
    return said["data"]


def has_data(prometheus: str, expression: str) -> bool:
    result = api(prometheus, "query", query=expression)["result"]
    return any(not math.isnan(float(series["value"][1])) for series in result)


def filled(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    if "$" in text:
        raise RuntimeError(f"a variable that the test does not know: {text}")
    return text


def why_empty(text: str, reasons: dict[str, str]) -> str | None:
    return next((why for word, why in reasons.items() if word in text), None)


def panels_of(path: Path) -> list[dict]:
    return [panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"]


def layout(folder: Path) -> list[str]:
    """What is wrong with how the dashboards look."""
    problems, uids = [], set()
    sources = set(re.findall(r"^\s*uid: (\S+)", (folder / "provisioning/datasources/sluice.yaml").read_text(), re.M))
    files = sorted((folder / "dashboards").glob("*.json"))
    for path in files:
        model = json.loads(path.read_text())
        taken: dict[tuple[int, int], str] = {}
        seen: set[int] = set()
        if model["uid"] in uids or not model["description"]:
            problems.append(f"{path.name}: its uid is another one's, or it has no description")
        uids.add(model["uid"])
        for panel in model["panels"]:
            where, at = f"{path.name}: {panel['title']}", panel["gridPos"]
            if panel["id"] in seen or at["x"] + at["w"] > 24:
                problems.append(f"{where}: its id is another one's, or it ends beyond the edge")
            seen.add(panel["id"])
            for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
                if cell in taken:
                    problems.append(f"{where}: lies on {taken[cell]}")
                    break
                taken[cell] = panel["title"]
            if panel["type"] == "row":
                continue
            defaults = panel["fieldConfig"]["defaults"]
            if not panel["description"] or not defaults.get("unit") or not defaults["thresholds"]["steps"] or not panel["targets"]:
                problems.append(f"{where}: lacks a description, a unit, thresholds or a query")
            if panel["datasource"]["uid"] not in sources:
                problems.append(f"{where}: its data source is not provisioned")
    return problems if files else ["there are no dashboards"]


def beside_panels(prometheus: str, path: Path) -> list[str]:
    """Of a dashboard's variables, that they have values; of its marks, that they can be asked for."""
    model, problems = json.loads(path.read_text()), []
    for each in model["annotations"]["list"]:
        api(prometheus, "query", query=filled(each["expr"]))
    for each in model["templating"]["list"]:
        metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", each["query"]["query"]).groups()
        if not all(label in series["metric"] for series in api(prometheus, "query", query=filled(metric))["result"] or [{"metric": {}}]):
            problems.append(f"variable {each['name']}: no values")
    return problems


def panels(prometheus: str, path: Path) -> list[str]:
    problems, count = beside_panels(prometheus, path), 0
    for panel in panels_of(path):
        for target in panel["targets"]:
            count += 1
            try:
                expression = filled(target["expr"])
                if not has_data(prometheus, expression) and not why_empty(expression, MAY_BE_EMPTY):
                    problems.append(f"{panel['title']}: no data: {expression}")
            except RuntimeError as error:
                problems.append(f"{panel['title']}: {target['expr']}: {error}")
    return problems if count else ["no query"]


def rules(prometheus: str) -> list[str]:
    """A recorded series must be there; what an alert looks at must, too, with its labels."""
    problems, count = [], 0
    for group in api(prometheus, "rules")["groups"]:
        for rule in group["rules"]:
            count += 1
            if rule["health"] != "ok":
                problems.append(f"{rule['name']}: {rule['health']}: {rule.get('lastError', '')}")
            asked = [rule["query"]] if rule["type"] == "recording" else SELECTOR.findall(rule["query"])
            if not asked:
                problems.append(f"{rule['name']}: looks at nothing")
            problems += [f"{rule['name']}: no data: {each}" for each in asked
                         if not has_data(prometheus, each) and not why_empty(each, MAY_BE_EMPTY)]
            if rule["type"] == "alerting" and not (rule["labels"].get("severity") in ("critical", "warning", "info")
                                                   and {"summary", "description", "runbook"} <= rule["annotations"].keys()):
                problems.append(f"{rule['name']}: lacks a severity, a summary, a description or a runbook")
    return problems if count else ["no rules"]


def quoted(text: str) -> str:
    """As Grafana's format `sqlstring`."""
    return "'" + text.replace("'", "''") + "'"


def sql(clickhouse: str, path: Path) -> list[str]:
    problems, count = [], 0
    for panel in panels_of(path):
        for target in panel["targets"]:
            count += 1
            for client in ("", HOSTILE):
                words = {"site": "shanghai-office", "action": "any", "client": client, "name": "", "rule": "", "network": ""}
                query = re.sub(r"\$\{(\w+):sqlstring\}", lambda match: quoted(words[match[1]]), target["query"])
                query = query.replace("$interval", "60").replace("$from", "0").replace("$to", "4294967295")
                try:
                    rows = json.loads(get(clickhouse, (query + " FORMAT JSON").encode()))["rows"]
                except RuntimeError as error:
                    if not client:  # a text that cannot be one is refused, which is as good
                        problems.append(f"{panel['title']}: {error}")
                    continue
                if not client and not rows and not why_empty(query, SQL_MAY_BE_EMPTY):
                    problems.append(f"{panel['title']}: no rows")
                if client and rows and "${client" in target["query"]:
                    problems.append(f"{panel['title']}: a filter's text is taken for SQL")
    return problems if count else ["no query"]


def main() -> int:
    does = {"layout": lambda words: layout(Path(words[0])), "panels": lambda words: panels(words[0], Path(words[1])),
            "rules": lambda words: rules(words[0]), "sql": lambda words: sql(words[0], Path(words[1]))}
    if len(sys.argv) < 3 or sys.argv[1] not in does:
        print(__doc__)
        return 2
    problems = does[sys.argv[1]](sys.argv[2:])
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
