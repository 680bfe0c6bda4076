// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/version"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// newSource makes what feeds the cache: files, which are read at once, or an API server.
func newSource(c *config.Configuration, flags serveFlags, cache *topology.Cache, logger logr.Logger) (part, error) {
	if len(flags.from) > 0 {
		// Until it is read there is nothing to end in good order, and a pipe may be waited for.
		if err := load(cache, flags.from, logger); err != nil {
			return nil, err
		}
		inGoodOrder()
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		return func(ctx context.Context) error { return reloadOn(ctx, hangup, cache, flags.from, logger) }, nil
	}
	inGoodOrder()
	access, err := flags.cluster()
	if err != nil {
		return nil, err
	}
	client := access.client
	optional, err := live.NewOptional(client, access.config)
	if err != nil {
		return nil, err
	}
	optional.Namespaces = c.NeedsNamespaces()
	logger.Info("Reading the cluster", "server", access.server)
	return func(ctx context.Context) error {
		var running sync.WaitGroup
		if c.Webhook.BindAddress != config.Off {
			// Only admission looks at these kinds.
			running.Go(func() { optional.Run(ctx, cache) })
		}
		live.Run(ctx, client, cache)
		running.Wait()
		return nil
	}, nil
}

// access is the way to an API server.
type access struct {
	client *kubernetes.Clientset
	// config is what the client was made of.
	config *rest.Config
	// server is the API server's address, namespace that of the context.
	server, namespace string
}

// findCluster finds the cluster by kubectl's rules. Both names may be empty; tune may change how it is talked to.
func findCluster(kubeconfig, contextName string, tune ...func(*rest.Config)) (*access, error) {
	loader := clientConfig(kubeconfig, contextName)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		err = errors.New("there is no kubeconfig, and this is not in a pod")
	}
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w; name one with --kubeconfig or $KUBECONFIG, or read manifests with --from", err)
	}
	config.UserAgent = "moorage/" + version.Get().Version
	// Lists and watches are the only traffic; the API server's own fairness is limit enough.
	config.QPS = -1
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	for _, change := range tune {
		change(config)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client of the API server %s: %w", config.Host, err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("find the namespace of the context: %w", err)
	}
	return &access{client, config, config.Host, namespace}, nil
}

// uncompressed is for whoever follows the cluster from within it. The API server compresses each event of a watch by itself,
// which costs it and moorage more CPU than the bytes are worth there: a sixth of all that moorage used in a burst of pods.
func uncompressed(config *rest.Config) { config.DisableCompression = true }

// clientConfig reads a kubeconfig by kubectl's rules.
func clientConfig(kubeconfig, contextName string) clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: contextName})
}

// load reads the files into the cache, which goes on living by the wall clock, whenever they were captured. A fault on the way is an
// error like any other, since the files may be somebody else's.
func load(cache *topology.Cache, paths []string, logger logr.Logger) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("read the manifests: a fault in moorage: %v", fault)
			logger.Error(err, "A fault in moorage; please report it", "stack", string(debug.Stack()))
		}
	}()
	start := time.Now()
	result, err := loadFrugally(cache, paths)
	if err != nil {
		return err
	}
	read, skipped := 0, 0
	for _, n := range result.Objects {
		read += n
	}
	for _, n := range result.SkippedKinds {
		skipped += n
	}
	logger.Info("Read the manifests", "files", result.Files, "objects", read, "otherFiles", result.SkippedFiles, "otherObjects", skipped,
		"seconds", time.Since(start).Seconds())
	if u := result.UnknownFields; u.Count > 0 {
		logger.Info("Left out fields that this version does not know", "fields", u.Count, "examples", u.Examples)
	}
	for _, name := range result.Repeated {
		logger.Info("An object occurs more than once; the last one counts", "object", name)
	}
	return nil
}

// loadingGCPercent is how much garbage there may be while manifests are loaded, as a share of what lives, and reloadingGCPercent
// where another cluster lives beside them until then.
const loadingGCPercent, reloadingGCPercent = 40, 15

// loadFrugally has the collector keep garbage small meanwhile, unless $GOGC says otherwise, and gives the memory that is left back
// to the system: what is read is many times what is kept, and serve goes on for long.
func loadFrugally(cache *topology.Cache, paths []string) (manifests.Result, error) {
	defer debug.FreeOSMemory()
	if os.Getenv("GOGC") == "" {
		percent := loadingGCPercent
		if len(cache.Missing()) == 0 {
			percent = reloadingGCPercent
		}
		defer debug.SetGCPercent(debug.SetGCPercent(percent))
	}
	return manifests.Reader{Stdin: os.Stdin}.Load(cache, paths...)
}

// reloadOn reads the files again on a signal. What cannot be read leaves the cache as it is.
func reloadOn(ctx context.Context, hangup chan os.Signal, cache *topology.Cache, paths []string, logger logr.Logger) error {
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			if slices.Contains(paths, check.Stdin) {
				logger.Info("The cluster came by standard input, which cannot be read again; going on with what was read before")
				continue
			}
			if err := load(cache, paths, logger); err != nil {
				logger.Error(err, "The manifests could not be read again; going on with what was read before")
			}
		}
	}
}

// announceSync says when the cluster has been read, or every few seconds what is still missing.
func announceSync(ctx context.Context, cache *topology.Cache, start time.Time, logger logr.Logger) {
	const patience = 10 * time.Second
	for {
		wait, cancel := context.WithTimeout(ctx, patience)
		err := live.WaitForSync(wait, cache)
		cancel()
		switch {
		case err == nil:
			s := cache.Snapshot()
			logger.Info("Ready: the cluster has been read", "seconds", time.Since(start).Seconds(), "nodes", s.NumNodes(),
				"volumes", s.Len(topology.KindVolume), "claims", s.Len(topology.KindClaim))
			return
		case ctx.Err() != nil:
			return
		default:
			logger.Info("Still not ready", "reason", err.Error())
		}
	}
}
