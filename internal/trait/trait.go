// Package trait is the explicit list of everything that eksposure can find: one
// folder per trait, with its code, its text and its fixtures.
//
// A trait takes a snapshot and the policy and gives evidence. Traits know
// nothing of each other, of severity or of the finding they end up in. What
// sibling traits share is in the packages endpoint and image.
package trait

import (
	_ "embed"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/trait/endoflifeoperatingsystem"
	"github.com/eksposure/eksposure/internal/trait/highpriorityvulnerability"
	"github.com/eksposure/eksposure/internal/trait/internetreachable"
	"github.com/eksposure/eksposure/internal/trait/internetreachableworkload"
	"github.com/eksposure/eksposure/internal/trait/lowpriorityvulnerability"
	"github.com/eksposure/eksposure/internal/trait/potentiallyinternetreachable"
	"github.com/eksposure/eksposure/internal/trait/unencryptedkubernetessecrets"
	"github.com/eksposure/eksposure/internal/trait/unsupportedkubernetesversion"
)

//go:embed deletecluster.md
var deleteCluster string

// All lists the traits in the order in which they are shown, reachability first.
func All() []exposure.Trait {
	return []exposure.Trait{
		internetreachable.Trait(),
		potentiallyinternetreachable.Trait(),
		internetreachableworkload.Trait(),
		unsupportedkubernetesversion.Trait(),
		unencryptedkubernetessecrets.Trait(),
		highpriorityvulnerability.Trait(),
		lowpriorityvulnerability.Trait(),
		endoflifeoperatingsystem.Trait(),
	}
}

// Page returns the page of a remediation topic: a trait's, or that of
// exposure.DeleteTopic. It parses the page at each call; a caller that needs
// many keeps what it got.
func Page(topic string) (exposure.Page, bool) {
	if topic == exposure.DeleteTopic {
		return DeleteClusterPage(), true
	}
	for _, t := range All() {
		if t.ID == topic {
			return parse(t.ID, t.Text), true
		}
	}
	return exposure.Page{}, false
}

// DeleteClusterPage is the page of exposure.DeleteTopic, which is no trait's.
func DeleteClusterPage() exposure.Page { return parse(exposure.DeleteTopic, deleteCluster) }

// parse reads an embedded page. A page that cannot be read is a defect of the
// program that the package's tests find.
func parse(topic, text string) exposure.Page {
	p, err := exposure.ParsePage(text)
	if err != nil {
		panic(fmt.Sprintf("embedded page of %s: %v", topic, err))
	}
	return p
}
