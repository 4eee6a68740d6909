# METADATA
# scope: package
# title: sources are fetched so that nobody can change them on the way
# description: >-
#   By plain HTTP, or with `insecure`, whoever is on the way decides what is applied to the cluster.
# custom:
#   id: gitops/flux/insecure
#   severity: error
#   fix: >-
#     Use `https://`, `ssh://` or `oci://` without `insecure`; verify signatures by `verify`.
package gitops.flux.insecure

import data.lib.flux
import data.lib.kubernetes

deny contains sprintf("the source is fetched by `%s`", [scheme]) if {
	flux.source
	some scheme in ["http://", "git://"]
	kubernetes.starts(input.spec.url, scheme)
}

deny contains "certificates or TLS are not asked for: `insecure` is set" if {
	flux.source
	input.spec.insecure == true
}
