package localdb

import "context"

// Kill ends the server as kill -9 does and keeps it down until Resume: for
// tests of outages.
func (s *Server) Kill() {
	s.mu.Lock()
	s.stopping = true
	p := s.process
	s.mu.Unlock()
	if p != nil {
		p.kill()
		<-p.done
	}
	s.watcher.Wait()
}

// Resume starts a killed server again, on the same port when it is still free.
func (s *Server) Resume(ctx context.Context) error {
	if err := s.launch(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.stopping = false
	s.mu.Unlock()
	s.watcher.Add(1)
	go s.watch()
	return nil
}
