# METADATA
# scope: package
# title: nothing that holds data is deleted
# description: >-
#   With a claim goes its volume, unless the class retains it; with a namespace go all claims in it; with a custom
#   resource definition go all objects of that kind, in every namespace, at once.
# custom:
#   id: data-loss/deletion
#   severity: error
#   fix: >-
#     Keep the object, or let somebody who may delete the data approve by a rule of the policy; take it out of this
#     check by an environment or a kind once that is done.
package data_loss.deletion

import data.lib.kubernetes

holds := {
	["", "PersistentVolumeClaim"]: "its volume",
	["", "PersistentVolume"]: "what is stored on it",
	["", "Namespace"]: "everything in it",
	["apiextensions.k8s.io", "CustomResourceDefinition"]: "every object of its kind",
	["snapshot.storage.k8s.io", "VolumeSnapshot"]: "the snapshot",
	["snapshot.storage.k8s.io", "VolumeSnapshotContent"]: "the snapshot",
}

gone := data.countersign.before if data.countersign.operation == "DELETE"

default gone_group := ""

gone_group := split(gone.apiVersion, "/")[0] if {
	is_string(gone.apiVersion)
	contains(gone.apiVersion, "/")
}

deny contains sprintf("with the %s `%v` goes %s", [gone.kind, gone.metadata.name, lost]) if {
	lost := holds[[gone_group, gone.kind]]
}

deny contains sprintf("the StatefulSet `%v` goes; its claims %v", [gone.metadata.name, fate]) if {
	gone_group == "apps"
	gone.kind == "StatefulSet"
	count(kubernetes.items(gone, ["spec", "volumeClaimTemplates"])) > 0
	fate := fates[kubernetes.value(gone, ["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"], "Retain")]
}

fates := {"Delete": "go with it", "Retain": "stay, owned by nobody"}
