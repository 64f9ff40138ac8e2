package inventory

// SortKey is the value that one item of a list is sorted by: a text or a number, as
// the list's order says. What has no value comes last in both directions.
type SortKey struct {
	Text   string `json:"text,omitempty"`
	Number int64  `json:"number,omitempty"`
}

// ImageQuery selects images; empty fields select all.
type ImageQuery struct {
	// Repository is part of the repository's name.
	Repository string
	// Words are texts in lower case that are all found in the image's repository,
	// digest or operating system.
	Words []string
	// Unread selects only images whose content is not known, Running only those that
	// a pod runs.
	Unread  bool
	Running bool
	// Order is what the images are sorted by, Descending from the greatest to the least.
	Order      ImageOrder
	Descending bool
	// After is where in the order the page before ended; nil begins with the first.
	After *ImagePosition
	Limit int
	// Total asks for the number of images on all pages, too.
	Total bool
}

// ImageOrder is what images are sorted by. Equals are sorted by digest.
type ImageOrder string

// The orders.
const (
	ImagesByDigest     ImageOrder = ""
	ImagesByRepository ImageOrder = "repository"
	ImagesByOS         ImageOrder = "os"
	// ImagesByCreation puts the oldest image first.
	ImagesByCreation ImageOrder = "created"
	ImagesByCritical ImageOrder = "critical"
	ImagesByHigh     ImageOrder = "high"
	ImagesByKEV      ImageOrder = "kev"
	ImagesByClusters ImageOrder = "clusters"
	ImagesByRunning  ImageOrder = "running"
)

// ImageOrders lists all orders but that of the digest.
func ImageOrders() []ImageOrder {
	return []ImageOrder{ImagesByRepository, ImagesByOS, ImagesByCreation, ImagesByCritical, ImagesByHigh, ImagesByKEV, ImagesByClusters, ImagesByRunning}
}

// ImagePosition is where an image is in an order.
type ImagePosition struct {
	Key    SortKey `json:"key,omitzero"`
	Digest string  `json:"digest"`
}

// ImagePage is one page of images.
type ImagePage struct {
	Records []ImageRecord
	// Next is where the next page begins; nil on the last one.
	Next *ImagePosition
	// Total is how many images the query selects on all pages, when it was asked for.
	Total int
}
