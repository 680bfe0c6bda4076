// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// get and post answer with the status and the body, as curl would show them.
func get(ctx context.Context, url string) (status int, body string, err error) {
	return call(ctx, http.MethodGet, url, "")
}

func post(ctx context.Context, url, body string) (status int, answer string, err error) {
	return call(ctx, http.MethodPost, url, body)
}

func call(ctx context.Context, method, url, body string) (status int, answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "", fmt.Errorf("%s %s: read the answer: %w", method, url, err)
	}
	return response.StatusCode, string(data), nil
}
