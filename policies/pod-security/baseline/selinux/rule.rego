# METADATA
# scope: package
# title: SELinux keeps the labels of containers
# description: >-
#   With a type, user or role of its own a process leaves what SELinux allows to containers.
# custom:
#   id: pod-security/baseline/selinux
#   severity: error
#   fix: >-
#     Leave `user` and `role` out, and use one of the types `container_t`, `container_init_t`, `container_kvm_t`; from
#     Kubernetes 1.31 on also `container_engine_t`.
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.baseline.selinux

import data.lib.kubernetes
import data.lib.pods

types contains type if some type in ["", null, "container_t", "container_init_t", "container_kvm_t"]

types contains "container_engine_t" if kubernetes.at_least(31)

deny contains {"msg": sprintf("%s has the SELinux type `%v`", [context.words, type]), "path": pods.path(context, ["seLinuxOptions", "type"])} if {
	some context in pods.contexts
	type := context.body.seLinuxOptions.type
	not type in types
}

deny contains {"msg": sprintf("%s has an SELinux %s of its own: `%v`", [context.words, field, value]), "path": pods.path(context, ["seLinuxOptions", field])} if {
	some context in pods.contexts
	some field in ["user", "role"]
	value := context.body.seLinuxOptions[field]
	not value in ["", null]
}
