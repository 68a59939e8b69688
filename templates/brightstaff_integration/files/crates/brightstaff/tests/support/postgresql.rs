//! A PostgreSQL database for each test: on the server of `TEST_DATABASE_URL`, else on one that is
//! started for the test run, of the PostgreSQL on the PATH or in /usr/lib/postgresql.

use brightstaff::state::postgresql::PostgreSQLConversationStorage;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;
use tokio_postgres::{Client, NoTls};

const SETUP: &str =
    include_str!("../../../../docs/source/resources/db_setup/conversation_states.sql");

/// Starts a server in a new folder and prints the folder. When its input ends, as it does however
/// the test program ends, it removes both. PostgreSQL does not run as root.
const SERVER: &str = r#"
set -e
exec 3>&1 >&2
PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
folder=$(mktemp -d /tmp/roundtrip.XXXXXX)
trap '$user pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    user='setpriv --reuid=postgres --regid=postgres --clear-groups'
fi
$user initdb -D "$folder/data" --no-sync --auth=trust -U postgres -E UTF8 --locale=C >/dev/null
options="-c listen_addresses= -c unix_socket_directories=$folder -c fsync=off"
$user pg_ctl -D "$folder/data" -l "$folder/log" -o "$options" -w start >/dev/null
echo "$folder" >&3
read -r _ || :
"#;

/// How to connect to the server.
fn server() -> String {
    static STARTED: OnceLock<(Child, String)> = OnceLock::new();
    std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| {
        let (_, folder) = STARTED.get_or_init(start_server);
        format!("host={folder} user=postgres")
    })
}

fn start_server() -> (Child, String) {
    let mut shell = Command::new("sh")
        .args(["-c", SERVER])
        .current_dir("/tmp")
        .process_group(0) // Ctrl-C ends the tests, and leaves the shell the time to clean up.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("expected a shell");
    let mut folder = String::new();
    let output = shell.stdout.take().expect("expected the shell's output");
    let read = BufReader::new(output).read_line(&mut folder);
    assert!(
        read.is_ok() && folder.starts_with('/'),
        "expected a PostgreSQL server: set TEST_DATABASE_URL, or install PostgreSQL 13 or newer"
    );
    (shell, folder.trim_end().to_string())
}

/// Runs a test on a new database with Plano's table, and removes the database afterwards.
pub async fn on_database<T>(test: impl FnOnce(Database) -> T)
where
    T: Future<Output = ()> + Send + 'static,
{
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let database = Database::named(&format!("roundtrip_{}_{number}", std::process::id()));
    let name = database.name.clone();
    run(&server(), &format!("CREATE DATABASE {name}")).await;
    run(&database.url, SETUP).await;
    let ended = tokio::spawn(test(database)).await;
    run(&server(), &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(error) = ended {
        std::panic::resume_unwind(error.into_panic());
    }
}

async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.expect("expected a connection");
    tokio::spawn(connection);
    client
}

async fn run(url: &str, sql: &str) {
    let done = connect(url).await.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

pub struct Database {
    name: String,
    url: String,
}

impl Database {
    fn named(name: &str) -> Self {
        let server = server();
        let url = match (server.contains("://"), server.contains('?')) {
            (false, _) => format!("{server} dbname={name}"),
            (true, false) => format!("{server}?dbname={name}"),
            (true, true) => format!("{server}&dbname={name}"),
        };
        Database {
            name: name.to_string(),
            url,
        }
    }

    pub async fn storage(&self) -> PostgreSQLConversationStorage {
        let connected = PostgreSQLConversationStorage::new(self.url.clone()).await;
        connected.expect("expected a connected storage")
    }
}
