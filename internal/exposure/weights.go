package exposure

import (
	"fmt"
)

// The trait IDs and evidence variants that severity knows. A trait that is not
// in this table counts with the lowest factors.
const (
	internetReachable            = "internet-reachable"
	potentiallyInternetReachable = "potentially-internet-reachable"
	unsupportedVersion           = "unsupported-kubernetes-version"
	unencryptedSecrets           = "unencrypted-kubernetes-secrets"
	highPriority                 = "high-priority-vulnerability"
	lowPriority                  = "low-priority-vulnerability"
	endOfLifeOS                  = "end-of-life-operating-system"
	reachableWorkload            = "internet-reachable-workload"
)

// Evidence variants that change a trait's factors.
const (
	VariantUnsupported        = "unsupported"            // past the end of extended support
	VariantExtendedSupport    = "extended-support"       // in extended support
	VariantNodesUnsupported   = "nodes-unsupported"      // a node group or kubelet past extended support
	VariantNodesExtended      = "nodes-extended"         // a node group or kubelet in extended support
	VariantNodesBehind        = "nodes-behind"           // a node group or kubelet older than the control plane
	VariantSupportEnding      = "support-ending"         // standard support ends soon
	VariantNotEncrypted       = "not-encrypted"          // no envelope encryption at all
	VariantKeyUnusable        = "key-unusable"           // the customer key cannot be used
	VariantKeyRequired        = "key-required"           // policy asks for a customer key
	VariantAWSOwnedKey        = "aws-owned-key"          // encrypted under the AWS-owned key
	VariantEncryptionUnderway = "encryption-in-progress" // being associated, not yet in force
)

// EPSS scores at which the likelihood of exploit rises: more likely than not,
// and the score that the default policy calls likely.
const (
	epssVeryLikely = 0.5
	epssNotable    = 0.1
)

// weigh gives the factors of one piece of contributing evidence and, for each,
// the reason in words.
func weigh(trait string, e Evidence) (Factors, [4]string) {
	switch trait {
	case internetReachable:
		return row(1, 3, 1, 0, "open API endpoints are scanned for and attacked with public tools", "internet scanners find an endpoint that is open to everyone",
			"anyone can send requests, credentials are still needed", "")
	case potentiallyInternetReachable:
		return row(0, 1, 1, 0, "", "only the listed address ranges see the endpoint", "an attacker must first be in a listed address range", "")
	case unsupportedVersion:
		return weighVersion(e)
	case unencryptedSecrets:
		if e.Variant == VariantKeyUnusable {
			return row(0, 0, 2, 3, "", "", "nobody has to do anything: the cluster cannot decrypt its secrets without the key", "the harm comes by itself")
		}
		return row(1, 0, 1, 0, "reading secrets from etcd or a backup is a known technique", "", "needs access to the data store or a backup", "")
	case highPriority:
		return weighHighPriority(e)
	case lowPriority:
		return weighLowPriority(e)
	case endOfLifeOS:
		return row(1, 0, 2, 2, "vulnerabilities of the release are published", "", "no fixes are made any more", "each new vulnerability stays open for good")
	case reachableWorkload:
		return row(0, 3, 1, 0, "", "internet scanners find the address", "the open port leads to a running container", "")
	}
	return row(0, 0, 1, 0, "", "", "a deviation with no weight of its own", "")
}

func weighVersion(e Evidence) (Factors, [4]string) {
	switch e.Variant {
	case VariantUnsupported:
		return row(2, 1, 2, 1, "vulnerabilities of unsupported versions are public and stay open", "the version can be read from the endpoint",
			"fixes are no longer made for this version", "old versions are attacked with known exploits")
	case VariantNodesUnsupported:
		return row(2, 0, 2, 1, "vulnerabilities of unsupported kubelets are public and stay open", "", "fixes are no longer made for this kubelet", "old versions are attacked with known exploits")
	}
	return row(1, 0, 1, 0, "the version is behind what its makers recommend", "", "fixes still arrive, for a limited time", "")
}

func weighHighPriority(e Evidence) (Factors, [4]string) {
	f := Factors{Awareness: 2, EaseOfExploit: 2, LikelihoodOfExploit: 2}
	why := [4]string{
		"the vulnerability is public", "",
		"exploitable over the network with no privileges and no user", "likely to be exploited within 30 days",
	}
	im := e.Image
	if im == nil {
		return f, why
	}
	if im.KEV > 0 || im.Exploits > 0 {
		f.Awareness = 3
		why[0] = "a public exploit is known"
	}
	if im.KEV > 0 {
		f.LikelihoodOfExploit = 3
		why[0] = "known to be exploited (CISA KEV)"
		why[3] = "exploited already (CISA KEV)"
		return f, why
	}
	if im.MaxEPSS != nil && *im.MaxEPSS >= epssVeryLikely {
		f.LikelihoodOfExploit = 3
	}
	if im.MaxEPSS != nil {
		why[3] = showEPSS(*im.MaxEPSS)
	}
	return f, why
}

func weighLowPriority(e Evidence) (Factors, [4]string) {
	f := Factors{Awareness: 1, EaseOfExploit: 1}
	why := [4]string{"the vulnerabilities are public", "", "not shown to be exploitable over the network alone", ""}
	im := e.Image
	if im == nil {
		return f, why
	}
	if im.KEV > 0 || im.Exploits > 0 {
		f.Awareness = 2
		why[0] = "a public exploit is known"
	}
	switch {
	case im.KEV > 0:
		why[0] = "known to be exploited (CISA KEV)"
		f.LikelihoodOfExploit, why[3] = 2, "exploited already (CISA KEV)"
	case im.MaxEPSS != nil && *im.MaxEPSS >= epssVeryLikely:
		f.LikelihoodOfExploit, why[3] = 2, showEPSS(*im.MaxEPSS)
	case im.MaxEPSS != nil && *im.MaxEPSS >= epssNotable:
		f.LikelihoodOfExploit, why[3] = 1, showEPSS(*im.MaxEPSS)
	case im.UnknownEPSS > 0:
		f.LikelihoodOfExploit, why[3] = 1, "no EPSS score yet: unknown, not zero"
	}
	return f, why
}

func row(awareness, discovery, exploit, likelihood int, why ...string) (Factors, [4]string) {
	return Factors{awareness, discovery, exploit, likelihood}, [4]string(why)
}

// showEPSS prints a score as everywhere: three digits, and never a certainty.
func showEPSS(score float64) string {
	if score > 0.999 {
		return "EPSS >0.999"
	}
	return fmt.Sprintf("EPSS %.3f", score)
}
