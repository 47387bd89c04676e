package fill

import (
	"context"

	"triptych/domain/seed"
	"triptych/lab/client"
)

// Pictures draws and uploads the pictures that products lack, one after the
// other, so that it leaves the machine to those who buy meanwhile. It returns
// how many it uploaded.
func (f *Filler) Pictures(ctx context.Context) (added int, err error) {
	for _, p := range f.products {
		if f.shown[p.SKU] {
			continue
		}
		_, err := f.manager.Do(ctx, client.Call{
			Method: "PUT", Path: "/v1/products/" + p.SKU + "/picture",
			Type: "image/jpeg", Body: seed.Picture(f.Seed, p.Product),
			Header: map[string]string{"Prefer": "wait=10"},
		}, nil)
		if err != nil {
			return added, err
		}
		added++
	}
	return added, nil
}
