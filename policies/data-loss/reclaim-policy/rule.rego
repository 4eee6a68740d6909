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

deny contains "volumes of this class are deleted with their claims" if {
	kubernetes.is("storage.k8s.io", "StorageClass")
	kubernetes.value(input, "reclaimPolicy", "Delete") == "Delete"
}

deny contains "the volume is deleted with its claim" if {
	kubernetes.is("", "PersistentVolume")
	input.spec.persistentVolumeReclaimPolicy == "Delete"
}

deny contains "snapshots of this class are deleted with the object that stands for them" if {
	kubernetes.is("snapshot.storage.k8s.io", "VolumeSnapshotClass")
	input.deletionPolicy == "Delete"
}
