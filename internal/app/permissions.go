package app

import (
	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/kube"
)

// permissions are the rights that the adapters' calls need.
func permissions() cli.Permissions {
	p := cli.Permissions{
		ReadPolicy:        cloud.ReadPolicy(),
		InspectorPolicy:   cloud.InspectorPolicy(),
		UpgradePolicy:     cloud.UpgradePolicy(),
		EndpointPolicy:    cloud.EndpointPolicy(),
		CallersPolicy:     cloud.CallersPolicy(),
		RemediationPolicy: cloud.RemediationPolicy(),
		DeletionPolicy:    cloud.DeletionPolicy(),
		KeyCreationPolicy: cloud.KeyCreationPolicy(),
		CallerPolicy:      func(t cli.Trust) string { return cloud.Trust(t).CallerPolicy() },
		TrustPolicy:       func(t cli.Trust) string { return cloud.Trust(t).TrustPolicy() },
		Manifest:          kube.Manifest(),
		ChangeManifest:    kube.ChangeManifest(),
		SecretsManifest:   kube.SecretsManifest(),
		UpgradeManifest:   kube.UpgradeManifest(),
	}
	for _, a := range cloud.Permissions() {
		p.Actions = append(p.Actions, cli.Permission{Action: a.Action, Scope: string(a.Scope), Why: a.Why})
	}
	for _, a := range cloud.ChangePermissions() {
		p.Changes = append(p.Changes, cli.Permission{Action: a.Action, Scope: string(a.Scope), Why: a.Why})
	}
	return p
}
