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

# What is fetched from elsewhere is another thing.
deny contains {"msg": sprintf("the source is fetched by `%s`", [scheme]), "path": ["spec", "url"], "worse": kubernetes.text(input.spec.url)} if {
	flux.source
	some scheme in ["http://", "git://"]
	kubernetes.starts(input.spec.url, scheme)
}

deny contains {"msg": "certificates or TLS are not asked for: `insecure` is set", "path": ["spec", "insecure"], "worse": {"insecure": kubernetes.text(address)}} if {
	flux.source
	input.spec.insecure == true
	address := kubernetes.value(input, ["spec", "url"], kubernetes.value(input, ["spec", "endpoint"], ""))
}
