# METADATA
# scope: package
# title: no Secret stands in clear in git
# description: >-
#   What is in git is in every clone of it and in its history for ever: a Secret with data in it is known to
#   everybody who may read the repository, and base64 hides nothing.
# custom:
#   id: secrets/in-clear
#   severity: error
#   fix: >-
#     Use a SealedSecret, SOPS, or an ExternalSecret that fetches it; then change what was committed, for it is known.
package secrets.in_clear

import data.lib.kubernetes

deny contains sprintf("`%s` is in clear in git", [key]) if {
	kubernetes.is("", "Secret")
	not encrypted
	some field in ["data", "stringData"]
	some key, value in kubernetes.entries(input, [field])
	value != ""
}

# SOPS writes its keys beside what it encrypts; the values are then no values.
encrypted if kubernetes.given(input, "sops")
