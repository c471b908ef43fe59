// opampserver is a scriptable OpAMP server on the reference Go implementation.
// It keeps agents in memory, logs every AgentToServer, and is driven through a
// control API on a second port. See the flags below and the routes in control.go.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/open-telemetry/opamp-go/server"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:4320", "OpAMP address (WebSocket and HTTP)")
	path := flag.String("path", "/v1/opamp", "OpAMP URL path")
	control := flag.String("control", "127.0.0.1:4321", "control API address")
	cert := flag.String("tls-cert", "", "PEM certificate; with -tls-key turns TLS on")
	key := flag.String("tls-key", "", "PEM private key")
	selfSigned := flag.String("tls-self-signed", "", "make a certificate for loopback and write it as PEM to this file")
	clientCA := flag.String("tls-client-ca", "", "PEM CA; require client certificates signed by it")
	token := flag.String("token", "", "require 'Authorization: Bearer TOKEN', else 401")
	deflate := flag.Bool("compress", false, "permessage-deflate")
	events := flag.Int("events", 10000, "how many messages the event log keeps; 0 turns it off")
	duplicates := flag.Bool("detect-duplicates", true, "give a new uid to a second socket with a uid in use")
	custom := flag.String("custom-capabilities", "", "comma-separated custom capabilities of the server")
	verbose := flag.Bool("v", false, "log the library's messages")
	flag.Parse()

	h := newHub(*events)
	h.token, h.detectDuplicates = *token, *duplicates
	h.fileBase = "http://" + *control + "/files/"

	settings := server.StartSettings{ListenEndpoint: *listen, ListenPath: *path}
	settings.EnableCompression = *deflate
	if *custom != "" {
		settings.CustomCapabilities = strings.Split(*custom, ",")
	}
	settings.Callbacks = h.callbacks()
	tlsConfig, err := tlsSetup(*cert, *key, *selfSigned, *clientCA)
	if err != nil {
		log.Fatal(err)
	}
	settings.TLSConfig = tlsConfig

	srv := server.New(logger{*verbose})
	if err := srv.Start(settings); err != nil {
		log.Fatal(err)
	}
	ctl := &http.Server{Addr: *control, Handler: h.routes()}
	go func() {
		if err := ctl.ListenAndServe(); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	log.Printf("opamp on %s%s, control on %s", srv.Addr(), *path, *control)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_ = ctl.Shutdown(ctx)
	_ = srv.Stop(ctx) // the library leaves open WebSockets to the process's end
}

func tlsSetup(cert, key, selfSigned, clientCA string) (*tls.Config, error) {
	var c *tls.Config
	switch {
	case selfSigned != "":
		pair, pem, err := loopbackCertificate()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(selfSigned, pem, 0o644); err != nil {
			return nil, err
		}
		c = &tls.Config{Certificates: []tls.Certificate{pair}}
	case cert != "":
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		c = &tls.Config{Certificates: []tls.Certificate{pair}}
	default:
		return nil, nil
	}
	if clientCA != "" {
		pem, err := os.ReadFile(clientCA)
		if err != nil {
			return nil, err
		}
		c.ClientCAs = x509.NewCertPool()
		c.ClientCAs.AppendCertsFromPEM(pem)
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	c.NextProtos = []string{"http/1.1"} // HTTP/2 has no Upgrade
	return c, nil
}

type logger struct{ on bool }

func (l logger) Debugf(_ context.Context, f string, v ...any) {
	if l.on {
		log.Printf(f, v...)
	}
}
func (l logger) Errorf(_ context.Context, f string, v ...any) {
	if l.on {
		log.Printf("error: "+f, v...)
	}
}
