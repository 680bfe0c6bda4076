// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
)

const (
	// defaultDecisions is where moorage's metrics port is after 'kubectl port-forward', or beside a scheduler.
	defaultDecisions = "http://127.0.0.1:8080"
	decisionsTime    = 10 * time.Second
)

// readDecisions asks a running moorage what it answered about a pod. Its errors say how to reach one.
func readDecisions(ctx context.Context, base string, pod topology.Key) ([]decisions.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, decisionsTime)
	defer cancel()
	address := strings.TrimSuffix(base, "/") + decisions.Path + "?pod=" + url.QueryEscape(pod.String())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("--decisions %q: %w; give the URL of moorage's metrics port, such as %s", base, err, defaultDecisions)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask moorage for its decisions: %w; forward the metrics port of the one that "+
			"kube-scheduler asks first, such as with 'kubectl -n moorage port-forward deployment/moorage-scheduler 8080', or deployment/moorage "+
			"where your own kube-scheduler asks it, or name it with --decisions=URL", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the decisions of %s: %w", base, err)
	case response.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("the moorage at %s keeps no decisions; set extender.decisions in its configuration to how many it is to keep, such as 1000", base)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("read the decisions of %s: %s: %s", base, response.Status, strings.TrimSpace(string(body)))
	}
	var list decisions.List
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("read the decisions of %s: %w; is that moorage's metrics port?", base, err)
	}
	return list.Decisions, nil
}
