# METADATA
# title: Objects of Flux
# description: What kind of Flux object is judged.
package lib.flux

import data.lib.kubernetes

kustomization if kubernetes.is("kustomize.toolkit.fluxcd.io", "Kustomization")

release if kubernetes.is("helm.toolkit.fluxcd.io", "HelmRelease")

source if {
	kubernetes.group == "source.toolkit.fluxcd.io"
	input.kind in ["GitRepository", "OCIRepository", "HelmRepository", "Bucket", "HelmChart"]
}

applies if kustomization

applies if release

object if applies

object if source
