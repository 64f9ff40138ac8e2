package securityhub

type productsAnswer struct {
	ProductsV2 []product `json:"ProductsV2"`
	NextToken  string    `json:"NextToken,omitempty"`
}

type product struct {
	ProductV2Name      string   `json:"ProductV2Name"`
	CompanyName        string   `json:"CompanyName"`
	Description        string   `json:"Description"`
	Categories         []string `json:"Categories"`
	IntegrationV2Types []string `json:"IntegrationV2Types"`
}

func (s *routes) describeProducts(c *call) (any, error) {
	size, token, err := c.page(maxList)
	if err != nil {
		return nil, err
	}
	list, next := s.hub.Products(size, token)
	out := productsAnswer{ProductsV2: []product{}, NextToken: next}
	for _, p := range list {
		out.ProductsV2 = append(out.ProductsV2, product{p.Name, p.Company, p.Description, p.Categories, p.Integrations})
	}
	return out, nil
}
