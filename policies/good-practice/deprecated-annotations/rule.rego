# METADATA
# scope: package
# title: annotations that have become fields are not used
# description: >-
#   Kubernetes no longer reads these annotations, or will stop to: what they ask for then silently does not happen.
# custom:
#   id: good-practice/deprecated-annotations
#   severity: warning
#   fix: >-
#     Use the field that the message names.
package good_practice.deprecated_annotations

import data.lib.kubernetes
import data.lib.pods

became := {
	"kubernetes.io/ingress.class": "spec.ingressClassName",
	"seccomp.security.alpha.kubernetes.io/pod": "securityContext.seccompProfile",
	"volume.beta.kubernetes.io/storage-class": "spec.storageClassName",
	"scheduler.alpha.kubernetes.io/critical-pod": "spec.priorityClassName",
	"scheduler.alpha.kubernetes.io/tolerations": "spec.tolerations",
	"scheduler.alpha.kubernetes.io/affinity": "spec.affinity",
	"service.alpha.kubernetes.io/tolerate-unready-endpoints": "spec.publishNotReadyAddresses",
}

prefixes := {
	"container.seccomp.security.alpha.kubernetes.io/": "securityContext.seccompProfile",
	"container.apparmor.security.beta.kubernetes.io/": "securityContext.appArmorProfile",
}

maps contains {"at": ["metadata", "annotations"], "body": kubernetes.value(input, ["metadata", "annotations"], {})}

maps contains {"at": pods.path(pod, ["metadata", "annotations"]), "body": pods.annotations(pod)} if some pod in pods.pods

deny contains {"msg": sprintf("the annotation `%s` is now the field `%s`", [key, field]), "path": array.concat(annotations.at, [key])} if {
	some annotations in maps
	some key, field in became
	kubernetes.given(annotations.body, key)
}

deny contains {"msg": sprintf("the annotation `%s` is now the field `%s`", [key, field]), "path": array.concat(annotations.at, [key])} if {
	some annotations in maps
	some key, _ in kubernetes.entries(annotations, "body")
	some prefix, field in prefixes
	kubernetes.starts(key, prefix)
}
