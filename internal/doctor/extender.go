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

	"k8s.io/client-go/rest"
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
	client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: e.ExtenderTLS})
	if err != nil {
		return failure("correct --extender-ca-file, --extender-cert-file and --extender-key-file", "ask the extender: %v", err)
	}
	start := e.Now()
	text, err := call(ctx, client, http.MethodPost, url, nobody)
	if err != nil {
		if refusal := tlsRefusal(ctx, e.ExtenderTLS, url); refusal != nil {
			err = refusal
		}
		fix := "see whether moorage serves the extender there (--extender-bind-address), and whether kube-scheduler has the same address"
		if strings.HasPrefix(url, "https:") {
			fix += "; --extender-ca-file, --extender-cert-file and --extender-key-file take the files that kube-scheduler has in tlsConfig"
		}
		return failure(fix, "POST %s: %v", url, err)
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
func call(ctx context.Context, client *http.Client, method, url, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewBufferString(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
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
