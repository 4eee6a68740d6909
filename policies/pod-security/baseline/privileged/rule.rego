# METADATA
# scope: package
# title: no container is privileged
# description: >-
#   A privileged container has every capability and every device of its node, and nothing that confines other
#   containers holds it. Whoever takes it over has the node.
# custom:
#   id: pod-security/baseline/privileged
#   severity: error
#   fix: >-
#     Take `securityContext.privileged` out, and grant the one capability or device that is needed.
package pod_security.baseline.privileged

import data.lib.pods

deny contains {"msg": sprintf("%s runs privileged", [container.words]), "path": pods.path(container, ["securityContext", "privileged"])} if {
	some container in pods.containers
	container.body.securityContext.privileged == true
}
