"""What Kubernetes would say of an object: schemas of custom resources, and the restricted Pod Security Standard."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema

from tools.helm import OPERATOR

Schema = dict[str, Any]
OF_OPERATOR = ("PodMonitor", "PrometheusRule", "ServiceMonitor")
CUSTOM = (*OF_OPERATOR, "GrafanaDashboard")
TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
FREE = {"apimachinery.ObjectMeta": {"type": "object"}, "Any": {}}

# https://grafana.github.io/grafana-operator/docs/api/#grafanadashboardspec, of which the chart uses these
DASHBOARD: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "grafana.integreatly.org/v1beta1"},
        "kind": {"const": "GrafanaDashboard"},
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["instanceSelector"],
            "properties": {
                "allowCrossNamespaceImport": {"type": "boolean"},
                "configMapRef": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["key", "name"],
                    "properties": {"key": {"type": "string"}, "name": {"type": "string"}},
                },
                "folder": {"type": "string"},
                "instanceSelector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
                        "matchExpressions": {"type": "array"},
                    },
                },
                "resyncPeriod": {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"},
            },
        },
    },
}


def check(resource: Schema) -> None:
    """Hold a custom resource against its schema.

    Raises:
        jsonschema.ValidationError: a key is unknown or missing, or a value of the wrong type.
    """
    jsonschema.Draft7Validator(_schemas()[resource["kind"]]).validate(resource)


@cache
def _schemas() -> dict[str, Schema]:
    """The schema of each custom resource the chart makes, by kind. A key that is not in it is refused."""
    made = _Made(OPERATOR.path.read_text("utf-8"))
    operator = {kind: made.of(ast.Name(kind)) | {"definitions": made.definitions} for kind in OF_OPERATOR}
    return operator | {"GrafanaDashboard": DASHBOARD}


class _Made:
    """JSON schemas from the source of classes, which is read and not run."""

    def __init__(self, source: str) -> None:
        self.classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
        self.definitions: dict[str, Schema] = {}

    def of(self, annotation: ast.expr) -> Schema:
        """The schema of a field's type.

        Raises:
            KeyError: it is of no kind known here.
        """
        name = ast.unparse(annotation)
        if name in TYPES:
            return {"type": TYPES[name]}
        if name in FREE:
            return FREE[name]
        if not isinstance(annotation, ast.Subscript):
            self._define(name)
            return {"$ref": f"#/definitions/{name}"}
        inner = annotation.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        match ast.unparse(annotation.value):
            case "Optional":
                return self.of(inner)
            case "List":
                return {"type": "array", "items": self.of(inner)}
            case "Dict":
                return {"type": "object", "additionalProperties": self.of(parts[1])}
            case "Union":
                return {"anyOf": [self.of(part) for part in parts]}
            case "Literal":
                return {"enum": [ast.literal_eval(part) for part in parts]}
            case "Annotated":
                options = dict(_options(annotation))
                return self.of(parts[0]) | ({"pattern": options["pattern"]} if "pattern" in options else {})
        raise KeyError(name)

    def _define(self, name: str) -> None:
        if name in self.definitions:
            return
        made: Schema = {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
        self.definitions[name] = made
        for field in self.classes[name].body:
            if isinstance(field, ast.AnnAssign):
                key = dict(_options(field.annotation)).get("alias") or ast.unparse(field.target)
                made["properties"][key] = self.of(field.annotation)
                if field.value is None:
                    made["required"].append(key)
        if list(made["properties"]) == ["root"]:
            self.definitions[name] = made["properties"]["root"]


def _options(annotation: ast.expr) -> Iterator[tuple[str, Any]]:
    """The arguments of the ``Field`` within an ``Annotated``."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated":
        yield from ((each.arg, ast.literal_eval(each.value)) for each in annotation.slice.elts[1].keywords)


VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def not_restricted(pod: Schema) -> list[str]:
    """What the restricted Pod Security Standard has against a pod on Linux.

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    whole = pod.get("securityContext", {})
    found = [f"{key} is shared with the host" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    if whole.get("sysctls"):
        found.append("sysctls")
    for volume in pod.get("volumes", []):
        found += [f"volume {volume['name']}: {kind}" for kind in volume if kind not in VOLUMES | {"name"}]
    for container in pod.get("initContainers", []) + pod["containers"]:
        own = container.get("securityContext", {})
        both = {key: own.get(key, whole.get(key)) for key in ("runAsNonRoot", "runAsUser", "seccompProfile")}
        capabilities = own.get("capabilities", {})
        wrong = {
            "privileged": own.get("privileged", False),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
            "capabilities.drop": capabilities.get("drop") != ["ALL"],
            "capabilities.add": not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
            "runAsNonRoot": both["runAsNonRoot"] is not True,
            "runAsUser": both["runAsUser"] == 0,
            "seccompProfile": (both["seccompProfile"] or {}).get("type") not in ("RuntimeDefault", "Localhost"),
            "procMount": own.get("procMount", "Default") != "Default",
            "hostPort": any(port.get("hostPort") for port in container.get("ports", [])),
        }
        found += [f"{container['name']}: {key}" for key, is_wrong in wrong.items() if is_wrong]
    return found
