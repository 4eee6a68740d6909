# METADATA
# scope: package
# title: no volume is a path of the node
# description: >-
#   A path of the node is shared with the node and with every other pod there: through it a container reads
#   credentials of the kubelet, writes what the node runs, or takes over the container runtime.
# custom:
#   id: pod-security/baseline/host-path
#   severity: error
#   fix: >-
#     Use a `persistentVolumeClaim`, `emptyDir`, `configMap` or `projected` volume.
package pod_security.baseline.host_path

import data.lib.kubernetes
import data.lib.pods

# Worse is a wider path, one that is written, or one that more containers mount.
deny contains {"msg": sprintf("volume `%v`%s is a path of the node", [volume.name, pod.within]), "path": pods.path(pod, ["spec", "volumes", index, "hostPath"]), "worse": pods.mounted(pod, volume)} if {
	some pod in pods.pods
	some index, volume in kubernetes.items(pod, ["spec", "volumes"])
	kubernetes.given(volume, "hostPath")
}
