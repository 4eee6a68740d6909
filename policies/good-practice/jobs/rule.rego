# METADATA
# scope: package
# title: jobs end and are cleaned up
# description: >-
#   A Job without a deadline may hang for ever, and one that nothing removes leaves its pods behind. A CronJob that
#   allows concurrent runs piles them up when one hangs.
# custom:
#   id: good-practice/jobs
#   severity: info
#   fix: >-
#     Set `activeDeadlineSeconds` and, for Jobs of their own, `ttlSecondsAfterFinished`; for a CronJob
#     `concurrencyPolicy: Forbid` or `Replace`.
package good_practice.jobs

import data.lib.argocd
import data.lib.kubernetes

deny contains {"msg": "nothing removes this Job when it is done: it has no `ttlSecondsAfterFinished`", "path": ["spec", "ttlSecondsAfterFinished"]} if {
	kubernetes.is("batch", "Job")
	not kubernetes.given(input, ["spec", "ttlSecondsAfterFinished"])
	not kubernetes.given(kubernetes.value(input, ["metadata", "annotations"], {}), "helm.sh/hook")
	not kubernetes.given(kubernetes.value(input, ["metadata", "annotations"], {}), "argocd.argoproj.io/hook")
}

deny contains {"msg": "runs of this CronJob pile up when one hangs: it sets no `concurrencyPolicy`", "path": ["spec", "concurrencyPolicy"]} if {
	kubernetes.is("batch", "CronJob")
	kubernetes.value(input, ["spec", "concurrencyPolicy"], "Allow") == "Allow"
	not kubernetes.given(input, ["spec", "jobTemplate", "spec", "activeDeadlineSeconds"])
}
