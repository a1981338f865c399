//! A store is asked by futures; whoever reads values from files waits on a thread. Between the two: a thread with a
//! runtime of its own, so that it works inside and outside of every other runtime.

use bytes::{Buf as _, Bytes};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use std::future::Future;
use std::io::{self, Read};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use tokio::sync::{mpsc, oneshot};

/// Chunks that are read ahead; the network sends some of 16 KiB, hardly one of more than 1 MiB.
const CHUNKS_AHEAD: usize = 16;

/// The thread; it ends when nobody can ask it any more.
#[derive(Debug, Clone)]
pub(super) struct Worker(mpsc::UnboundedSender<BoxFuture<'static, ()>>);

impl Worker {
    pub(super) fn new() -> io::Result<Self> {
        let (sender, mut receiver) = mpsc::unbounded_channel::<BoxFuture<'static, ()>>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            runtime.block_on(async {
                while let Some(work) = receiver.recv().await {
                    tokio::spawn(work);
                }
            });
        };
        std::thread::Builder::new().name("archive".to_owned()).spawn(work)?;
        Ok(Self(sender))
    }

    /// Waits for what `work` comes to.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        let (sender, receiver) = oneshot::channel();
        let work = work.map(|done| sender.send(done).map_err(drop).unwrap_or_default()).boxed();
        self.0.send(work).map_err(|_| gone())?;
        wait(receiver).map_err(|_| gone())
    }

    /// The bytes of a stream, of which a bounded number is read ahead.
    pub(super) fn read(
        &self,
        mut stream: BoxStream<'static, io::Result<Bytes>>,
    ) -> io::Result<Box<dyn Read + Send>> {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let work = async move {
            while let Some(chunk) = stream.next().await {
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
        };
        self.0.send(work.boxed()).map_err(|_| gone())?;
        Ok(Box::new(Chunks { chunks, chunk: Bytes::new(), _worker: self.clone() }))
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that reads it has ended")
}

struct Chunks {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
    /// Keeps the thread.
    _worker: Worker,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match wait(self.chunks.recv()) {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let count = self.chunk.len().min(buffer.len());
        if let Some(room) = buffer.get_mut(..count) {
            self.chunk.copy_to_slice(room);
        }
        Ok(count)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread for something that needs no runtime: the end of a channel.
fn wait<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    // a runtime around this thread would want it back now and then
    let mut work = std::pin::pin!(tokio::task::unconstrained(work));
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Worker;
    use bytes::Bytes;
    use futures_util::StreamExt as _;
    use futures_util::stream;
    use std::io::{self, Read as _};

    #[tokio::test]
    async fn a_stream_is_read_to_its_end_inside_a_runtime() {
        let worker = Worker::new().unwrap();
        assert_eq!(worker.wait(async { 7 }).unwrap(), 7);
        let chunks = (0..1_000_u32).map(|n| Ok(Bytes::from(format!("{n},"))));
        let mut reader = worker.read(stream::iter(chunks).boxed()).unwrap();
        drop(worker);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("0,1,2,") && text.ends_with(",998,999,"));
    }

    #[test]
    fn what_breaks_off_is_an_error_and_not_an_end() {
        let chunks = [Ok(Bytes::from("ab")), Ok(Bytes::new()), Err(io::Error::other("cut"))];
        let mut reader = Worker::new().unwrap().read(stream::iter(chunks).boxed()).unwrap();
        let mut bytes = Vec::new();
        let error = reader.read_to_end(&mut bytes).unwrap_err();
        assert_eq!((bytes.as_slice(), error.to_string().as_str()), (b"ab".as_slice(), "cut"));
    }

    #[test]
    fn no_more_is_read_ahead_than_may_be_held() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let chunks = (0..1_000_u32).map(move |n| {
            sender.send(n).unwrap();
            Ok(Bytes::from_static(b"x"))
        });
        let mut reader = Worker::new().unwrap().read(stream::iter(chunks).boxed()).unwrap();
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(receiver.try_iter().count() <= 20);
    }
}
