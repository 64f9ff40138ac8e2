package inventory_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/inventory"
)

func TestNodeGroupImages(t *testing.T) {
	tests := []struct {
		ami, successor string
		until          bool // 1.32 is the last version
	}{
		{"AL2_x86_64", "AL2023_x86_64_STANDARD", true},
		{"AL2_ARM_64", "AL2023_ARM_64_STANDARD", true},
		{"AL2_x86_64_GPU", "AL2023_x86_64_NVIDIA", true},
		{"AL2023_x86_64_STANDARD", "", false},
		{"BOTTLEROCKET_ARM_64", "", false},
		{"CUSTOM", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		g := inventory.NodeGroup{AMIType: tt.ami}
		if got := g.Successor(); got != tt.successor {
			t.Errorf("%s is followed by %q, want %q", tt.ami, got, tt.successor)
		}
		if !g.HasImage("1.32") || !g.HasImage("") || g.HasImage("1.33") == tt.until {
			t.Errorf("%s has an image of 1.32: %t, of 1.33: %t", tt.ami, g.HasImage("1.32"), g.HasImage("1.33"))
		}
	}
}
