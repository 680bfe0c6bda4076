// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// newSource makes what feeds the cache: files, which are read at once, or an API server.
func (o *Options) newSource(cache *topology.Cache) (part, error) {
	if len(o.From) > 0 {
		if err := o.load(cache); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error { return o.reloadOn(ctx, cache) }, nil
	}
	access, err := o.Cluster()
	if err != nil {
		return nil, err
	}
	optional, err := live.NewOptional(access.Client, access.Config)
	if err != nil {
		return nil, err
	}
	optional.Admission, optional.Namespaces = o.Config.Webhook.BindAddress != config.Off, o.Config.NeedsNamespaces()
	if o.Config.Extender.BindAddress != config.Off {
		optional.ReplicasOf = o.Config.Extender.ReplicasOf
	}
	o.Logger.Info("Reading the cluster", "server", access.Server)
	return func(ctx context.Context) error {
		var running sync.WaitGroup
		running.Go(func() { optional.Run(ctx, cache) })
		live.Run(ctx, access.Client, cache)
		running.Wait()
		return nil
	}, nil
}

// load reads the files into the cache, which goes on living by the wall clock, whenever they were captured. A fault on the way is an
// error like any other, since the files may be somebody else's.
func (o *Options) load(cache *topology.Cache) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("read the manifests: a fault in moorage: %v", fault)
			o.Logger.Error(err, "A fault in moorage; please report it", "stack", string(debug.Stack()))
		}
	}()
	start := time.Now()
	result, err := o.loadFrugally(cache)
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
	o.Logger.Info("Read the manifests", "files", result.Files, "objects", read, "otherFiles", result.SkippedFiles, "otherObjects", skipped,
		"seconds", time.Since(start).Seconds())
	if u := result.UnknownFields; u.Count > 0 {
		o.Logger.Info("Left out fields that this version does not know", "fields", u.Count, "examples", u.Examples)
	}
	for _, name := range result.Repeated {
		o.Logger.Info("An object occurs more than once; the last one counts", "object", name)
	}
	return nil
}

// loadingGCPercent is how much garbage there may be while manifests are loaded, as a share of what lives, and reloadingGCPercent
// where another cluster lives beside them until then.
const loadingGCPercent, reloadingGCPercent = 40, 15

// loadFrugally has the collector keep garbage small meanwhile, unless $GOGC says otherwise, and gives the memory that is left back
// to the system: what is read is many times what is kept, and serve goes on for long.
func (o *Options) loadFrugally(cache *topology.Cache) (manifests.Result, error) {
	defer debug.FreeOSMemory()
	if os.Getenv("GOGC") == "" {
		percent := loadingGCPercent
		if len(cache.Missing()) == 0 {
			percent = reloadingGCPercent
		}
		defer debug.SetGCPercent(debug.SetGCPercent(percent))
	}
	return manifests.Reader{Stdin: o.Stdin}.Load(cache, o.From...)
}

// reloadOn reads the files again on a signal. What cannot be read leaves the cache as it is.
func (o *Options) reloadOn(ctx context.Context, cache *topology.Cache) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.Reload:
			if slices.Contains(o.From, manifests.Stdin) {
				o.Logger.Info("The cluster came by standard input, which cannot be read again; going on with what was read before")
				continue
			}
			if err := o.load(cache); err != nil {
				o.Logger.Error(err, "The manifests could not be read again; going on with what was read before")
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
