# METADATA
# scope: package
# title: serving containers tell when they are ready
# description: >-
#   A Service sends requests to every pod that is ready. Without a readiness probe that is from the first moment on,
#   before the program listens, and also while it hangs: each rollout then loses requests.
# custom:
#   id: good-practice/readiness
#   severity: warning
#   fix: >-
#     Add a `readinessProbe` that asks what the Service will ask.
package good_practice.readiness

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s listens on a port and has no readiness probe", [container.words]), "path": pods.path(container, ["readinessProbe"])} if {
	pods.is_serving
	some container in pods.lasting
	count(kubernetes.items(container, ["body", "ports"])) > 0
	not kubernetes.given(container, ["body", "readinessProbe"])
}
