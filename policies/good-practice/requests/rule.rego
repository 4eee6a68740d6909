# METADATA
# scope: package
# title: containers say what they need
# description: >-
#   The scheduler places pods by their requests. A container without any counts as needing nothing: it lands on a
#   full node, starves there, and is the first to be evicted.
# custom:
#   id: good-practice/requests
#   severity: warning
#   fix: >-
#     Set `resources.requests` for `cpu` and `memory`.
package good_practice.requests

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s requests no %s", [container.words, resource]), "path": pods.path(container, ["resources", "requests", resource])} if {
	some container in pods.containers
	container.list != "ephemeralContainers"
	some resource in ["cpu", "memory"]
	not kubernetes.given(container, ["body", "resources", "requests", resource])
	# A limit without a request is the request as well; so is what the whole pod asks for.
	not kubernetes.given(container, ["body", "resources", "limits", resource])
	not kubernetes.given(container, ["pod", "spec", "resources", "requests", resource])
}
