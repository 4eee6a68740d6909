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

# Another value is another secret that is known from now on.
deny contains {"msg": sprintf("`%s` is in clear in git", [key]), "path": [field, key], "worse": {key: kubernetes.seal(value)}} if {
	kubernetes.is("", "Secret")
	some field in ["data", "stringData"]
	some key, value in kubernetes.entries(input, [field])
	value != ""
	not encrypted(key, value)
}

# SOPS writes a block beside what it encrypts, which says nothing about each value: with a part in clear, or with a block
# that somebody wrote by hand, it is there as well.
sops if kubernetes.given(input, ["sops", "mac"])

encrypted(_, value) if {
	sops
	kubernetes.starts(value, "ENC[AES256_GCM,")
}

# Where values are masked it is said which ones were in clear.
encrypted(key, value) if {
	sops
	kubernetes.masked(value)
	not key in kubernetes.items(input, ["sops", "clear"])
}
