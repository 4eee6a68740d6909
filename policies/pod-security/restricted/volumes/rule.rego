# METADATA
# scope: package
# title: only volumes that Kubernetes itself provides
# description: >-
#   Other kinds of volume tie a pod to a storage system from within its own specification, past what a claim and its
#   class allow, and `hostPath` ties it to the node.
# custom:
#   id: pod-security/restricted/volumes
#   severity: error
#   fix: >-
#     Use `configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `image`, `persistentVolumeClaim`, `projected` or
#     `secret`.
#   replaces: pod-security/baseline/host-path
package pod_security.restricted.volumes

import data.lib.kubernetes
import data.lib.pods

allowed := {
	"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}

deny contains {
	"msg": sprintf("volume `%v`%s is of the kind `%s`", [name, pod.within, concat("`, `", kinds)]),
	"path": pods.path(pod, ["spec", "volumes", index]),
	"worse": pods.mounted(pod, volume),
} if {
	some pod in pods.pods
	some index, volume in kubernetes.items(pod, ["spec", "volumes"])
	is_object(volume)
	name := kubernetes.value(volume, "name", "")
	kinds := {kind | some kind, source in kubernetes.entries(volume, []); kind != "name"; source != null}
	count(kinds) > 0
	count(kinds & allowed) == 0
}
