# METADATA
# scope: package
# title: probes of life differ from probes of readiness
# description: >-
#   A liveness probe restarts, a readiness probe takes out of the Service. Where both ask the same in the same way,
#   one slow answer of something behind the program restarts every pod at once.
# custom:
#   id: good-practice/liveness
#   severity: warning
#   fix: >-
#     Let the liveness probe ask only what a restart mends, or give it a higher `failureThreshold`.
#   parameters:
#     liveness:
#       type: flag
#       default: false
#       description: Whether every container that serves needs a liveness probe.
package good_practice.liveness

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s has a liveness probe that is its readiness probe", [container.words]), "path": pods.path(container, ["livenessProbe"])} if {
	some container in pods.lasting
	probe := container.body.livenessProbe
	kubernetes.given(container, ["body", "livenessProbe"])
	probe == container.body.readinessProbe
}

deny contains {"msg": sprintf("%s has no liveness probe", [container.words]), "path": pods.path(container, ["livenessProbe"])} if {
	liveness
	pods.is_serving
	some container in pods.lasting
	not kubernetes.given(container, ["body", "livenessProbe"])
}

default liveness := false

liveness := data.parameters.liveness
