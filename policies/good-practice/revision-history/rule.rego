# METADATA
# scope: package
# title: a rollout can be undone
# description: >-
#   The last ReplicaSets and ControllerRevisions are what `kubectl rollout undo` goes back to. With
#   `revisionHistoryLimit: 0` there is nothing to go back to.
# custom:
#   id: good-practice/revision-history
#   severity: info
#   fix: >-
#     Leave `revisionHistoryLimit` out (10), or keep at least 1.
package good_practice.revision_history

import data.lib.pods

deny contains {"msg": "no revision is kept: `revisionHistoryLimit: 0`", "path": ["spec", "revisionHistoryLimit"]} if {
	pods.is_workload
	input.spec.revisionHistoryLimit == 0
}
