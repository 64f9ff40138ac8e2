package guidancetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/trait"
)

// PageCodes gives all code of the pages of remediation topics, each as one step: blocks, and
// commands and arguments within sentences. They are written for a usual cluster, for one of
// which little is known, and for none in particular.
func PageCodes() []Code { return slices.Clone(pageCodes()) }

var pageCodes = sync.OnceValue(func() []Code {
	var list []Code
	for _, topic := range topics() {
		page, ok := trait.Page(topic)
		if !ok {
			panic("no page of " + topic)
		}
		for kind, data := range map[string]exposure.TopicData{
			"usual": finding(topic, "usual").TopicData(topic), "bare": finding(topic, "bare").TopicData(topic), "example": exposure.ExampleTopicData(),
		} {
			guide, err := page.Guide(topic, data)
			if err != nil {
				panic(err)
			}
			texts := []string{guide.Intro}
			for _, o := range guide.Options {
				texts = append(texts, o.Steps)
			}
			for i, text := range texts {
				name := fmt.Sprintf("page-%s-%s-%d", topic, kind, i)
				for _, c := range codesOf(text) {
					c.Name = fmt.Sprintf("%s-%d", name, len(list))
					list = append(list, c)
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Code) int {
		return strings.Compare(a.Name[:strings.LastIndexByte(a.Name, '-')], b.Name[:strings.LastIndexByte(b.Name, '-')])
	})
	return list
})

var (
	block  = regexp.MustCompile("(?ms)^( *)```\n(.*?)^ *```$")
	inline = regexp.MustCompile("`([^`\n]+)`")
	// of is an argument of Terraform that a sentence names.
	of = regexp.MustCompile("`(\\w+)`(?:, `\\w+`)* of `(aws_\\w+)`")
)

func codesOf(text string) []Code {
	var list []Code
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		code := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")[1:]
		list = append(list, Code{Language: languageOf(code), Text: code})
	}
	prose := block.ReplaceAllString(text, "")
	for _, m := range inline.FindAllStringSubmatch(prose, -1) {
		program, rest, _ := strings.Cut(m[1], " ")
		switch {
		case rest != "" && slices.Contains(Programs(), program):
			list = append(list, Code{Language: "bash", Text: m[1]})
		case strings.HasPrefix(program, "--"):
			list = append(list, Code{Language: "option", Text: m[1]})
		case strings.HasPrefix(rest, "= "):
			list = append(list, Code{Language: "hcl", Text: m[1]})
		}
	}
	for _, m := range of.FindAllStringSubmatch(prose, -1) {
		list = append(list, Code{Language: "hcl", Text: fmt.Sprintf("resource %q \"this\" {\n  %s = null\n}", m[2], m[1])})
	}
	return list
}

// Programs are those that pages tell people to run.
func Programs() []string {
	return []string{"aws", "eksctl", "kubectl", "terraform", "cdk", "docker", "curl", "eksposure", "npm", "go", "pip", "apt-get", "apk", "dnf"}
}

// languageOf tells a block's language by how it begins; empty when it is none that pages have.
func languageOf(code string) string {
	for line := range strings.SplitSeq(code, "\n") {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case word == "" || word == "#":
		case word == "FROM":
			return "dockerfile"
		case word == "fields":
			return "insights"
		case word == "data" || word == "resource" || strings.HasSuffix(word, "_config"):
			return "hcl"
		case slices.Contains(Programs(), word), strings.Contains(word, "=$("), word == "wc", word == "grep", word == "mv", word == "python3":
			return "bash"
		default:
			return ""
		}
	}
	return "bash" // comments
}
