# METADATA
# scope: package
# title: containers have a limit of memory
# description: >-
#   Memory cannot be taken back from a process. Without a limit a leak grows until the node has none left, and the
#   kernel ends whatever it likes. A limit of CPU only slows down, so it is asked for only where the parameter
#   `cpu_limit` says so.
# custom:
#   id: good-practice/limits
#   severity: warning
#   fix: >-
#     Set `resources.limits.memory`.
#   parameters:
#     cpu_limit:
#       type: flag
#       default: false
#       description: Whether a limit of CPU is asked for too.
package good_practice.limits

import data.lib.kubernetes
import data.lib.pods

default cpu_limit := false

cpu_limit := data.parameters.cpu_limit

limited contains "memory"

limited contains "cpu" if cpu_limit

deny contains {"msg": sprintf("%s has no limit of %s", [container.words, resource]), "path": pods.path(container, ["resources", "limits", resource])} if {
	some container in pods.containers
	container.list != "ephemeralContainers"
	some resource in limited
	not kubernetes.given(container, ["body", "resources", "limits", resource])
	not kubernetes.given(container, ["pod", "spec", "resources", "limits", resource])
}

deny contains {"msg": sprintf("%s requests more %s than its limit allows", [container.words, resource]), "path": pods.path(container, ["resources", "requests", resource])} if {
	some container in pods.containers
	some resource in ["cpu", "memory"]
	request := kubernetes.quantity(container.body.resources.requests[resource])
	request > kubernetes.quantity(container.body.resources.limits[resource])
}
