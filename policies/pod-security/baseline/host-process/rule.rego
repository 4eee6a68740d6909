# METADATA
# scope: package
# title: no Windows container is a process of its host
# description: >-
#   A HostProcess container of Windows runs in the host itself and not beside it: it is to Windows what a privileged
#   container is to Linux.
# custom:
#   id: pod-security/baseline/host-process
#   severity: error
#   fix: >-
#     Take `windowsOptions.hostProcess` out.
package pod_security.baseline.host_process

import data.lib.pods

deny contains {"msg": sprintf("%s is a process of its Windows host", [context.words]), "path": pods.path(context, ["windowsOptions", "hostProcess"])} if {
	some context in pods.contexts
	context.body.windowsOptions.hostProcess == true
}
