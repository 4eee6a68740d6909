# METADATA
# scope: package
# title: no container asks for the user 0
# description: >-
#   The user 0 is root, whatever the image says. From Kubernetes 1.35 on pods with users of their own (`hostUsers:
#   false`) are free of this.
# custom:
#   id: pod-security/restricted/run-as-user
#   severity: error
#   fix: >-
#     Set `runAsUser` to another number, or take it out and let the image say.
#   since: "1.23"
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.restricted.run_as_user

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s runs as the user 0", [context.words]), "path": pods.path(context, ["runAsUser"])} if {
	kubernetes.at_least(23)
	some context in pods.contexts
	not pods.own_users(context.pod)
	context.body.runAsUser == 0
}
