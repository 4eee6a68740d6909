# METADATA
# scope: package
# title: releases mend themselves
# description: >-
#   A HelmRelease that fails to upgrade stays failed unless `remediation` says how often to try again. `disableWait`
#   calls it done before it runs, `force` deletes objects to change them.
# custom:
#   id: gitops/flux/release
#   severity: info
#   fix: >-
#     Set `install.remediation.retries` and `upgrade.remediation.retries`.
package gitops.flux.release

import data.lib.flux
import data.lib.kubernetes

deny contains {"msg": sprintf("nothing tries again when the %s fails", [action]), "path": ["spec", action, "remediation"]} if {
	flux.release
	some action in ["install", "upgrade"]
	not retried(action)
}

retried(action) if input.spec[action].remediation.retries != 0

retried(action) if kubernetes.given(input, ["spec", action, "strategy"])

deny contains {"msg": sprintf("`%s.%s` is set", [action, option]), "path": ["spec", action, option]} if {
	flux.release
	some action in ["install", "upgrade", "rollback", "uninstall"]
	some option in ["disableWait", "force", "disableOpenAPIValidation", "disableSchemaValidation"]
	input.spec[action][option] == true
}
