# METADATA
# scope: package
# title: nothing is suspended
# description: >-
#   What is suspended stays as it is, whatever is merged: the change looks applied and is not.
# custom:
#   id: gitops/flux/suspended
#   severity: warning
#   fix: >-
#     Take `suspend` out.
package gitops.flux.suspended

import data.lib.flux

deny contains {"msg": "it is suspended: what is merged is not applied", "path": ["spec", "suspend"]} if {
	flux.object
	input.spec.suspend == true
}
