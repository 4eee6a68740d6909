# METADATA
# scope: package
# title: no process gains more privileges than its parent
# description: >-
#   With `allowPrivilegeEscalation: false` the kernel ignores set-user-ID bits and file capabilities, so that a
#   process never gets more than the container began with. The default is true.
# custom:
#   id: pod-security/restricted/privilege-escalation
#   severity: error
#   fix: >-
#     Set `securityContext.allowPrivilegeEscalation: false`.
#   since: "1.8"
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.restricted.privilege_escalation

import data.lib.pods

deny contains {"msg": sprintf("%s does not set `allowPrivilegeEscalation: false`", [container.words]), "path": pods.path(container, ["securityContext", "allowPrivilegeEscalation"])} if {
	some container in pods.containers
	not pods.for_windows(container.pod)
	not container.body.securityContext.allowPrivilegeEscalation == false
}
