// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken from below the range that Linux gives to outgoing connections: what is free now is then not taken by a
// connection before the server that it is meant for has started.
const (
	firstPort = 20000
	lastPort  = 29999
)

var (
	portsMu sync.Mutex
	// portsGiven holds the ports that this program has handed out; their servers may not listen yet. Guarded by portsMu.
	portsGiven = make(map[int]bool)
)

// FreePort returns a port on 127.0.0.1 on which nothing listens. This program will not get it a second time; another program
// could, with a chance that is small because the choice is random.
func FreePort() (int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if portsGiven[port] {
			continue
		}
		l, err := net.Listen("tcp", Loopback(port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		portsGiven[port] = true
		return port, nil
	}
	return 0, errors.New("find a free port on 127.0.0.1: none found between " + strconv.Itoa(firstPort) + " and " + strconv.Itoa(lastPort))
}

// Loopback returns the address of a port on loopback.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
