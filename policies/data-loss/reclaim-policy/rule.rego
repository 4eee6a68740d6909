# METADATA
# scope: package
# title: volumes outlive their claims
# description: >-
#   With the reclaim policy `Delete` a volume is deleted with its claim, and nothing brings it back.
# custom:
#   id: data-loss/reclaim-policy
#   severity: warning
#   fix: >-
#     Set `reclaimPolicy: Retain` for classes that hold what cannot be made again.
package data_loss.reclaim_policy

import data.lib.kubernetes

deny contains {"msg": "volumes of this class are deleted with their claims", "path": ["reclaimPolicy"]} if {
	kubernetes.is("storage.k8s.io", "StorageClass")
	kubernetes.value(input, "reclaimPolicy", "Delete") == "Delete"
}

deny contains {"msg": "the volume is deleted with its claim", "path": ["spec", "persistentVolumeReclaimPolicy"]} if {
	kubernetes.is("", "PersistentVolume")
	input.spec.persistentVolumeReclaimPolicy == "Delete"
}

deny contains {"msg": "snapshots of this class are deleted with the object that stands for them", "path": ["deletionPolicy"]} if {
	kubernetes.is("snapshot.storage.k8s.io", "VolumeSnapshotClass")
	input.deletionPolicy == "Delete"
}
