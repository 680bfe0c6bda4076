// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	extenderv1 "k8s.io/kube-scheduler/extender/v1"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// extender asks the extender about a pod without volumes and no node at all.
func (e *examination) extender(ctx context.Context) Check {
	if e.ExtenderURL == "" {
		return skipped("give --extender-url, as kube-scheduler has it in urlPrefix; it must be reachable from here",
			"where the extender can be reached from here is not known")
	}
	url := strings.TrimSuffix(e.ExtenderURL, "/") + "/filter"
	const nobody = `{"Pod":{"metadata":{"name":"moorage-doctor","namespace":"default"},"spec":{}},"NodeNames":[]}`
	start := e.Now()
	text, err := call(ctx, http.MethodPost, url, nobody)
	if err != nil {
		return failure("see whether moorage serves the extender there (--extender-bind-address), and whether kube-scheduler has the same address",
			"POST %s: %v", url, err)
	}
	took := e.Now().Sub(start)
	var answer extenderv1.ExtenderFilterResult
	if err := json.Unmarshal(text, &answer); err != nil {
		return failure("see what listens there; the extender is plain HTTP on 127.0.0.1:10261 by default", "POST %s is not answered by an extender: %v", url, err)
	}
	if answer.Error != "" {
		return failure("see the check cache, and moorage's log", "the extender at %s answers: %s", url, answer.Error)
	}
	return ok("the extender at %s answered in %d ms", url, took.Milliseconds())
}

// call makes a request, and takes any status but 200 for an error.
func call(ctx context.Context, method, url, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewBufferString(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, cause(err)
	}
	defer response.Body.Close() //nolint:errcheck // Only read from.
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text[:min(len(text), 300)])))
	}
	return text, nil
}
