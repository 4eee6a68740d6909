# METADATA
# scope: package
# title: pods belong to a workload
# description: >-
#   Nothing starts a bare Pod again when its node goes, and almost none of its fields can be changed in place: every
#   change deletes it first.
# custom:
#   id: good-practice/naked-pods
#   severity: warning
#   fix: >-
#     Make a Deployment, StatefulSet, DaemonSet or Job of it.
package good_practice.naked_pods

import data.lib.kubernetes
import data.lib.pods

deny contains "nothing starts this Pod again when its node goes" if {
	kubernetes.is("", "Pod")
	count(kubernetes.list(kubernetes.value(input, ["metadata", "ownerReferences"], []))) == 0
	not kubernetes.given(pods.annotations(input), "helm.sh/hook")
}
