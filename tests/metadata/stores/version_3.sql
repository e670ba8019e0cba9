BEGIN TRANSACTION;
CREATE TABLE Artifact (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	type_id INT NOT NULL, 
	uri TEXT, 
	state INT, 
	name VARCHAR(255), 
	external_id VARCHAR(255), 
	create_time_since_epoch INT DEFAULT 0 NOT NULL, 
	last_update_time_since_epoch INT DEFAULT 0 NOT NULL, 
	UNIQUE (type_id, name), 
	UNIQUE (external_id)
);
INSERT INTO "Artifact" VALUES(1,14,'/srv/ada/toy/.penstock/toy/Make/1-5f0d0d65c2c0/examples',2,NULL,NULL,1795262335346,1795262335346);
INSERT INTO "Artifact" VALUES(2,16,'/srv/ada/toy/.penstock/toy/Check/2-c6f7dfd93ffc/schema',2,NULL,NULL,1795262335535,1795262335535);
INSERT INTO "Artifact" VALUES(3,18,'/srv/ada/toy/.penstock/toy/Train/3-bcbcad51ee57/model',2,NULL,NULL,1795262335736,1795262335736);
INSERT INTO "Artifact" VALUES(4,20,'/srv/ada/toy/.penstock/toy/Push/4-1100aa359bea/pushed_model',2,NULL,NULL,1795262335842,1795262335842);
CREATE TABLE ArtifactProperty (
	artifact_id INT NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	is_custom_property TINYINT(1) NOT NULL, 
	int_value INT, 
	double_value DOUBLE, 
	string_value TEXT, 
	byte_value BLOB, 
	proto_value BLOB, 
	bool_value BOOLEAN, 
	PRIMARY KEY (artifact_id, name, is_custom_property)
);
INSERT INTO "ArtifactProperty" VALUES(4,'pushed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'pushed_destination',1,NULL,NULL,'serving/1',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'pushed_version',1,NULL,NULL,'1',NULL,NULL,NULL);
CREATE TABLE Association (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	context_id INT NOT NULL, 
	execution_id INT NOT NULL, 
	UNIQUE (context_id, execution_id)
);
INSERT INTO "Association" VALUES(1,1,1);
INSERT INTO "Association" VALUES(2,2,1);
INSERT INTO "Association" VALUES(3,3,1);
INSERT INTO "Association" VALUES(4,1,2);
INSERT INTO "Association" VALUES(5,2,2);
INSERT INTO "Association" VALUES(6,4,2);
INSERT INTO "Association" VALUES(7,1,3);
INSERT INTO "Association" VALUES(8,2,3);
INSERT INTO "Association" VALUES(9,5,3);
INSERT INTO "Association" VALUES(10,1,4);
INSERT INTO "Association" VALUES(11,2,4);
INSERT INTO "Association" VALUES(12,6,4);
INSERT INTO "Association" VALUES(13,1,5);
INSERT INTO "Association" VALUES(14,7,5);
INSERT INTO "Association" VALUES(15,3,5);
INSERT INTO "Association" VALUES(16,1,6);
INSERT INTO "Association" VALUES(17,7,6);
INSERT INTO "Association" VALUES(18,4,6);
INSERT INTO "Association" VALUES(19,1,7);
INSERT INTO "Association" VALUES(20,7,7);
INSERT INTO "Association" VALUES(21,5,7);
INSERT INTO "Association" VALUES(22,1,8);
INSERT INTO "Association" VALUES(23,7,8);
INSERT INTO "Association" VALUES(24,6,8);
INSERT INTO "Association" VALUES(25,1,9);
INSERT INTO "Association" VALUES(26,8,9);
INSERT INTO "Association" VALUES(27,3,9);
INSERT INTO "Association" VALUES(28,1,10);
INSERT INTO "Association" VALUES(29,8,10);
INSERT INTO "Association" VALUES(30,4,10);
INSERT INTO "Association" VALUES(31,1,11);
INSERT INTO "Association" VALUES(32,8,11);
INSERT INTO "Association" VALUES(33,5,11);
CREATE TABLE Attribution (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	context_id INT NOT NULL, 
	artifact_id INT NOT NULL, 
	UNIQUE (context_id, artifact_id)
);
INSERT INTO "Attribution" VALUES(1,1,1);
INSERT INTO "Attribution" VALUES(2,2,1);
INSERT INTO "Attribution" VALUES(3,3,1);
INSERT INTO "Attribution" VALUES(6,4,1);
INSERT INTO "Attribution" VALUES(7,1,2);
INSERT INTO "Attribution" VALUES(8,2,2);
INSERT INTO "Attribution" VALUES(9,4,2);
INSERT INTO "Attribution" VALUES(12,5,1);
INSERT INTO "Attribution" VALUES(13,1,3);
INSERT INTO "Attribution" VALUES(14,2,3);
INSERT INTO "Attribution" VALUES(15,5,3);
INSERT INTO "Attribution" VALUES(18,6,3);
INSERT INTO "Attribution" VALUES(19,1,4);
INSERT INTO "Attribution" VALUES(20,2,4);
INSERT INTO "Attribution" VALUES(21,6,4);
INSERT INTO "Attribution" VALUES(23,7,1);
INSERT INTO "Attribution" VALUES(29,7,2);
INSERT INTO "Attribution" VALUES(35,7,3);
INSERT INTO "Attribution" VALUES(41,7,4);
INSERT INTO "Attribution" VALUES(44,8,1);
INSERT INTO "Attribution" VALUES(50,8,2);
CREATE TABLE Context (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	type_id INT NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	external_id VARCHAR(255), 
	create_time_since_epoch INT DEFAULT 0 NOT NULL, 
	last_update_time_since_epoch INT DEFAULT 0 NOT NULL, 
	UNIQUE (type_id, name), 
	UNIQUE (external_id)
);
INSERT INTO "Context" VALUES(1,10,'toy',NULL,1795262335017,1795262335017);
INSERT INTO "Context" VALUES(2,11,'20261121-115854-b537',NULL,1795262335017,1795262335017);
INSERT INTO "Context" VALUES(3,13,'toy.Make',NULL,1795262335024,1795262335024);
INSERT INTO "Context" VALUES(4,13,'toy.Check',NULL,1795262335353,1795262335353);
INSERT INTO "Context" VALUES(5,13,'toy.Train',NULL,1795262335544,1795262335544);
INSERT INTO "Context" VALUES(6,13,'toy.Push',NULL,1795262335741,1795262335741);
INSERT INTO "Context" VALUES(7,11,'20261121-115855-cbbe',NULL,1795262335882,1795262335882);
INSERT INTO "Context" VALUES(8,11,'20261121-115855-e9d6',NULL,1795262335914,1795262335914);
CREATE TABLE ContextProperty (
	context_id INT NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	is_custom_property TINYINT(1) NOT NULL, 
	int_value INT, 
	double_value DOUBLE, 
	string_value TEXT, 
	byte_value BLOB, 
	proto_value BLOB, 
	bool_value BOOLEAN, 
	PRIMARY KEY (context_id, name, is_custom_property)
);
CREATE TABLE Event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	artifact_id INT NOT NULL, 
	execution_id INT NOT NULL, 
	type INT NOT NULL, 
	milliseconds_since_epoch INT, 
	UNIQUE (artifact_id, execution_id, type)
);
INSERT INTO "Event" VALUES(1,1,1,4,1795262335346);
INSERT INTO "Event" VALUES(2,1,2,3,1795262335353);
INSERT INTO "Event" VALUES(3,2,2,4,1795262335535);
INSERT INTO "Event" VALUES(4,1,3,3,1795262335544);
INSERT INTO "Event" VALUES(5,3,3,4,1795262335736);
INSERT INTO "Event" VALUES(6,3,4,3,1795262335741);
INSERT INTO "Event" VALUES(7,4,4,4,1795262335842);
INSERT INTO "Event" VALUES(8,1,5,4,1795262335888);
INSERT INTO "Event" VALUES(9,1,6,3,1795262335892);
INSERT INTO "Event" VALUES(10,2,6,4,1795262335892);
INSERT INTO "Event" VALUES(11,1,7,3,1795262335895);
INSERT INTO "Event" VALUES(12,3,7,4,1795262335895);
INSERT INTO "Event" VALUES(13,3,8,3,1795262335898);
INSERT INTO "Event" VALUES(14,4,8,4,1795262335898);
INSERT INTO "Event" VALUES(15,1,9,4,1795262335919);
INSERT INTO "Event" VALUES(16,1,10,3,1795262335923);
INSERT INTO "Event" VALUES(17,2,10,4,1795262335923);
INSERT INTO "Event" VALUES(18,1,11,3,1795262335926);
CREATE TABLE EventPath (
	event_id INT NOT NULL, 
	is_index_step TINYINT(1) NOT NULL, 
	step_index INT, 
	step_key TEXT
);
INSERT INTO "EventPath" VALUES(1,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(1,1,0,NULL);
INSERT INTO "EventPath" VALUES(2,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(2,1,0,NULL);
INSERT INTO "EventPath" VALUES(3,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(3,1,0,NULL);
INSERT INTO "EventPath" VALUES(4,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(4,1,0,NULL);
INSERT INTO "EventPath" VALUES(5,0,NULL,'model');
INSERT INTO "EventPath" VALUES(5,1,0,NULL);
INSERT INTO "EventPath" VALUES(6,0,NULL,'model');
INSERT INTO "EventPath" VALUES(6,1,0,NULL);
INSERT INTO "EventPath" VALUES(7,0,NULL,'pushed_model');
INSERT INTO "EventPath" VALUES(7,1,0,NULL);
INSERT INTO "EventPath" VALUES(8,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(8,1,0,NULL);
INSERT INTO "EventPath" VALUES(9,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(9,1,0,NULL);
INSERT INTO "EventPath" VALUES(10,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(10,1,0,NULL);
INSERT INTO "EventPath" VALUES(11,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(11,1,0,NULL);
INSERT INTO "EventPath" VALUES(12,0,NULL,'model');
INSERT INTO "EventPath" VALUES(12,1,0,NULL);
INSERT INTO "EventPath" VALUES(13,0,NULL,'model');
INSERT INTO "EventPath" VALUES(13,1,0,NULL);
INSERT INTO "EventPath" VALUES(14,0,NULL,'pushed_model');
INSERT INTO "EventPath" VALUES(14,1,0,NULL);
INSERT INTO "EventPath" VALUES(15,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(15,1,0,NULL);
INSERT INTO "EventPath" VALUES(16,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(16,1,0,NULL);
INSERT INTO "EventPath" VALUES(17,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(17,1,0,NULL);
INSERT INTO "EventPath" VALUES(18,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(18,1,0,NULL);
CREATE TABLE Execution (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	type_id INT NOT NULL, 
	last_known_state INT, 
	name VARCHAR(255), 
	external_id VARCHAR(255), 
	create_time_since_epoch INT DEFAULT 0 NOT NULL, 
	last_update_time_since_epoch INT DEFAULT 0 NOT NULL, 
	UNIQUE (type_id, name), 
	UNIQUE (external_id)
);
INSERT INTO "Execution" VALUES(1,12,3,NULL,NULL,1795262335024,1795262335346);
INSERT INTO "Execution" VALUES(2,15,3,NULL,NULL,1795262335353,1795262335535);
INSERT INTO "Execution" VALUES(3,17,3,NULL,NULL,1795262335544,1795262335736);
INSERT INTO "Execution" VALUES(4,19,3,NULL,NULL,1795262335741,1795262335842);
INSERT INTO "Execution" VALUES(5,12,5,NULL,NULL,1795262335888,1795262335888);
INSERT INTO "Execution" VALUES(6,15,5,NULL,NULL,1795262335892,1795262335892);
INSERT INTO "Execution" VALUES(7,17,5,NULL,NULL,1795262335895,1795262335895);
INSERT INTO "Execution" VALUES(8,19,5,NULL,NULL,1795262335898,1795262335898);
INSERT INTO "Execution" VALUES(9,12,5,NULL,NULL,1795262335919,1795262335919);
INSERT INTO "Execution" VALUES(10,15,5,NULL,NULL,1795262335923,1795262335923);
INSERT INTO "Execution" VALUES(11,17,4,NULL,NULL,1795262335926,1795262336092);
CREATE TABLE ExecutionProperty (
	execution_id INT NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	is_custom_property TINYINT(1) NOT NULL, 
	int_value INT, 
	double_value DOUBLE, 
	string_value TEXT, 
	byte_value BLOB, 
	proto_value BLOB, 
	bool_value BOOLEAN, 
	PRIMARY KEY (execution_id, name, is_custom_property)
);
INSERT INTO "ExecutionProperty" VALUES(1,'rows',1,10,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'least',1,5,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'gate',1,NULL,NULL,'block',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'fail',1,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "ExecutionProperty" VALUES(3,'seconds',1,NULL,0.0,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'fail',1,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "ExecutionProperty" VALUES(11,'seconds',1,NULL,0.0,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'penstock.error',1,NULL,NULL,'UserCodeError: component Train raised ValueError: the weights are gone
  /srv/ada/toy/pipeline.py:26 in Train
    raise ValueError("the weights are gone")',NULL,NULL,NULL);
CREATE TABLE MLMDEnv (
	schema_version INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
);
INSERT INTO "MLMDEnv" VALUES(10);
CREATE TABLE ParentContext (
	context_id INT NOT NULL, 
	parent_context_id INT NOT NULL, 
	PRIMARY KEY (context_id, parent_context_id)
);
INSERT INTO "ParentContext" VALUES(2,1);
INSERT INTO "ParentContext" VALUES(7,1);
INSERT INTO "ParentContext" VALUES(8,1);
CREATE TABLE ParentType (
	type_id INT NOT NULL, 
	parent_type_id INT NOT NULL, 
	PRIMARY KEY (type_id, parent_type_id)
);
INSERT INTO "ParentType" VALUES(14,1);
INSERT INTO "ParentType" VALUES(18,2);
INSERT INTO "ParentType" VALUES(20,2);
CREATE TABLE Type (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(255) NOT NULL, 
	version VARCHAR(255), 
	type_kind TINYINT(1) NOT NULL, 
	description TEXT, 
	input_type TEXT, 
	output_type TEXT, 
	external_id VARCHAR(255), 
	UNIQUE (external_id)
);
INSERT INTO "Type" VALUES(1,'mlmd.Dataset',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(2,'mlmd.Model',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(3,'mlmd.Metrics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(4,'mlmd.Statistics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(5,'mlmd.Train',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(6,'mlmd.Transform',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(7,'mlmd.Process',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(8,'mlmd.Evaluate',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(9,'mlmd.Deploy',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(10,'pipeline',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(11,'pipeline_run',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(12,'Make',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(13,'node',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(14,'Examples',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(15,'Check',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(16,'Schema',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(17,'Train',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(18,'Model',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(19,'Push',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(20,'PushedModel',NULL,1,NULL,NULL,NULL,NULL);
CREATE TABLE TypeProperty (
	type_id INT NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	data_type INT, 
	PRIMARY KEY (type_id, name)
);
INSERT INTO "TypeProperty" VALUES(14,'span',1);
INSERT INTO "TypeProperty" VALUES(14,'version',1);
INSERT INTO "TypeProperty" VALUES(14,'split_names',3);
CREATE TABLE penstock_cache (
	"key" TEXT NOT NULL, 
	execution_id INT NOT NULL, 
	created_ms INT NOT NULL, 
	valid BOOLEAN NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "penstock_cache" VALUES('58e66a30fda28b503f33b1b48f3fe676281d835f3dfb0302b67ffb6249063903',1,1795262335346,1);
INSERT INTO "penstock_cache" VALUES('97d72403ff8b6563aeabfcae3e9d56f425a7a754f395ada5387d95c30892edd6',2,1795262335535,1);
INSERT INTO "penstock_cache" VALUES('aed2fe140e4d4302556d54e20051b089d65dd8a0ea1cc8bdbf704e3dd1ef8746',3,1795262335736,1);
INSERT INTO "penstock_cache" VALUES('66d84d75e6482ee9c37dfda3fa3b2b8421c3938bf58fe76deb3d4cae609cc374',4,1795262335842,1);
CREATE TABLE penstock_content (
	artifact_id INT NOT NULL, 
	algorithm TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	size INT, 
	PRIMARY KEY (artifact_id)
);
INSERT INTO "penstock_content" VALUES(1,'sha256','a9eb4c55da7f9a4a4664d0fa2c106b5cf9484a9baa2404488e834647bf76ea12',10);
INSERT INTO "penstock_content" VALUES(2,'sha256','71c8a8e5abe0a6a1ecca7d0039d312f37c4cd447d8050307ca20273276a1cfac',2);
INSERT INTO "penstock_content" VALUES(3,'sha256','770eb4975bd0769b48f3295eb7c17ca79c32e3f4f13c03b9d5fcbe9957f943c1',1);
INSERT INTO "penstock_content" VALUES(4,'sha256','54c3d09bfb5c97649fe05ec745e4bfe3330fff1816763e2398f6cd09c470c4d2',1);
CREATE TABLE penstock_env (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "penstock_env" VALUES('schema_version','3');
INSERT INTO "penstock_env" VALUES('fence','5');
CREATE TABLE penstock_execution (
	execution_id INT NOT NULL, 
	run_id TEXT NOT NULL, 
	node_id TEXT NOT NULL, 
	source_id INT NOT NULL, 
	cache_key TEXT, 
	parameters TEXT NOT NULL, 
	error TEXT, 
	log TEXT, 
	blocked BOOLEAN NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (execution_id)
);
INSERT INTO "penstock_execution" VALUES(1,'20261121-115854-b537','Make',1,'58e66a30fda28b503f33b1b48f3fe676281d835f3dfb0302b67ffb6249063903','{"rows":10}',NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Make.log',0,'10 rows');
INSERT INTO "penstock_execution" VALUES(2,'20261121-115854-b537','Check',2,'97d72403ff8b6563aeabfcae3e9d56f425a7a754f395ada5387d95c30892edd6','{"least":5,"gate":"block"}',NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Check.log',0,'');
INSERT INTO "penstock_execution" VALUES(3,'20261121-115854-b537','Train',3,'aed2fe140e4d4302556d54e20051b089d65dd8a0ea1cc8bdbf704e3dd1ef8746','{"fail":false,"seconds":0.0}',NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Train.log',0,'');
INSERT INTO "penstock_execution" VALUES(4,'20261121-115854-b537','Push',4,'66d84d75e6482ee9c37dfda3fa3b2b8421c3938bf58fe76deb3d4cae609cc374','{}',NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Push.log',0,'');
INSERT INTO "penstock_execution" VALUES(5,'20261121-115855-cbbe','Make',1,'58e66a30fda28b503f33b1b48f3fe676281d835f3dfb0302b67ffb6249063903','{}',NULL,NULL,0,'10 rows');
INSERT INTO "penstock_execution" VALUES(6,'20261121-115855-cbbe','Check',2,'97d72403ff8b6563aeabfcae3e9d56f425a7a754f395ada5387d95c30892edd6','{}',NULL,NULL,0,'');
INSERT INTO "penstock_execution" VALUES(7,'20261121-115855-cbbe','Train',3,'aed2fe140e4d4302556d54e20051b089d65dd8a0ea1cc8bdbf704e3dd1ef8746','{}',NULL,NULL,0,'');
INSERT INTO "penstock_execution" VALUES(8,'20261121-115855-cbbe','Push',4,'66d84d75e6482ee9c37dfda3fa3b2b8421c3938bf58fe76deb3d4cae609cc374','{}',NULL,NULL,0,'');
INSERT INTO "penstock_execution" VALUES(9,'20261121-115855-e9d6','Make',1,'58e66a30fda28b503f33b1b48f3fe676281d835f3dfb0302b67ffb6249063903','{}',NULL,NULL,0,'10 rows');
INSERT INTO "penstock_execution" VALUES(10,'20261121-115855-e9d6','Check',2,'97d72403ff8b6563aeabfcae3e9d56f425a7a754f395ada5387d95c30892edd6','{}',NULL,NULL,0,'');
INSERT INTO "penstock_execution" VALUES(11,'20261121-115855-e9d6','Train',11,'72588484f49df6ef9ff85566deb3232c02094ae0d5e407421998bb155fe17a3e','{"fail":true,"seconds":0.0}','{"kind": "UserCodeError", "message": "component Train raised ValueError: the weights are gone\n  /srv/ada/toy/pipeline.py:26 in Train\n    raise ValueError(\"the weights are gone\")", "hint": null, "facts": {"node": "Train", "function": "component Train", "frames": [{"path": "/srv/ada/toy/pipeline.py", "line": 26, "function": "Train", "code": "raise ValueError(\"the weights are gone\")"}], "cause": "ValueError", "traceback": "Traceback (most recent call last):\n  File \"penstock/dsl/user_code.py\", line 101, in boundary\n    yield\n  File \"penstock/orchestration/execution.py\", line 172, in _call\n    return component.function(**arguments)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/srv/ada/toy/pipeline.py\", line 26, in Train\n    raise ValueError(\"the weights are gone\")\nValueError: the weights are gone\n"}}','/srv/ada/toy/.penstock/toy/runs/20261121-115855-e9d6/Train.log',0,'');
CREATE TABLE penstock_file (
	path TEXT NOT NULL, 
	device TEXT NOT NULL, 
	inode TEXT NOT NULL, 
	size INT NOT NULL, 
	mtime_ns INT NOT NULL, 
	ctime_ns INT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (path)
);
CREATE TABLE penstock_gc (
	artifact_id INT NOT NULL, 
	policy TEXT NOT NULL, 
	bytes INT NOT NULL, 
	owner TEXT, 
	stale_ms INT, 
	marked_ms INT, 
	deleted_ms INT, 
	PRIMARY KEY (artifact_id)
);
CREATE TABLE penstock_import (
	source TEXT NOT NULL, 
	kind INT NOT NULL, 
	their_id INT NOT NULL, 
	our_id INT NOT NULL, 
	PRIMARY KEY (source, kind, their_id)
);
CREATE TABLE penstock_input_file (
	execution_id INT NOT NULL, 
	parameter TEXT NOT NULL, 
	path TEXT NOT NULL, 
	size INT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (execution_id, parameter, path)
);
CREATE TABLE penstock_key (
	"key" TEXT NOT NULL, 
	parts TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "penstock_key" VALUES('58e66a30fda28b503f33b1b48f3fe676281d835f3dfb0302b67ffb6249063903','{"component":"Make","version":"1","code":{"pipeline.py":"a88ba52549fedc89ce9384e695081990c87e0941c443545ea3ac9772f7344713"},"libraries":{"python":"3.11"},"parameters":{"rows":10},"data":{},"files":{},"inputs":{},"outputs":{"examples":"Examples"}}');
INSERT INTO "penstock_key" VALUES('97d72403ff8b6563aeabfcae3e9d56f425a7a754f395ada5387d95c30892edd6','{"component":"Check","version":"1","code":{"pipeline.py":"f7e8f34597b42ef686706eef90786d7f66d0728dff024e758e89f0ee70c31873"},"libraries":{"python":"3.11"},"parameters":{"least":5,"gate":"block"},"data":{},"files":{},"inputs":{"examples":"a9eb4c55da7f9a4a4664d0fa2c106b5cf9484a9baa2404488e834647bf76ea12"},"outputs":{"schema":"Schema"}}');
INSERT INTO "penstock_key" VALUES('aed2fe140e4d4302556d54e20051b089d65dd8a0ea1cc8bdbf704e3dd1ef8746','{"component":"Train","version":"1","code":{"pipeline.py":"da03d5719ec6e2e9d2810c7be79b375d87aa274d52d4e628bcfd9d3a1bb0e46d"},"libraries":{"python":"3.11"},"parameters":{"fail":false,"seconds":0.0},"data":{},"files":{},"inputs":{"examples":"a9eb4c55da7f9a4a4664d0fa2c106b5cf9484a9baa2404488e834647bf76ea12"},"outputs":{"model":"Model"}}');
INSERT INTO "penstock_key" VALUES('66d84d75e6482ee9c37dfda3fa3b2b8421c3938bf58fe76deb3d4cae609cc374','{"component":"Push","version":"1","code":{"pipeline.py":"30ec6e78f4862551be35d2f3ad3d4240a7c7c6cbb96bdeda47f7b38e4a57de75"},"libraries":{"python":"3.11"},"parameters":{},"data":{},"files":{},"inputs":{"model":"770eb4975bd0769b48f3295eb7c17ca79c32e3f4f13c03b9d5fcbe9957f943c1"},"outputs":{"pushed_model":"PushedModel"}}');
INSERT INTO "penstock_key" VALUES('72588484f49df6ef9ff85566deb3232c02094ae0d5e407421998bb155fe17a3e','{"component":"Train","version":"1","code":{"pipeline.py":"da03d5719ec6e2e9d2810c7be79b375d87aa274d52d4e628bcfd9d3a1bb0e46d"},"libraries":{"python":"3.11"},"parameters":{"fail":true,"seconds":0.0},"data":{},"files":{},"inputs":{"examples":"a9eb4c55da7f9a4a4664d0fa2c106b5cf9484a9baa2404488e834647bf76ea12"},"outputs":{"model":"Model"}}');
CREATE TABLE penstock_lease (
	execution_id INT NOT NULL, 
	owner TEXT NOT NULL, 
	fence INT NOT NULL, 
	heartbeat_ms INT NOT NULL, 
	expires_ms INT NOT NULL, 
	PRIMARY KEY (execution_id)
);
CREATE TABLE penstock_metric (
	execution_id INT NOT NULL, 
	position INT NOT NULL, 
	name TEXT NOT NULL, 
	step INT, 
	value DOUBLE, 
	PRIMARY KEY (execution_id, position)
);
CREATE TABLE penstock_node (
	run_id TEXT NOT NULL, 
	node_id TEXT NOT NULL, 
	component TEXT NOT NULL, 
	execution_id INT, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	started_ms INT, 
	ended_ms INT, 
	error TEXT, 
	log TEXT, 
	blocked BOOLEAN NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (run_id, node_id)
);
INSERT INTO "penstock_node" VALUES('20261121-115854-b537','Make','Make',1,'complete','it has not run before',1795262335024,1795262335346,NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Make.log',0,'10 rows');
INSERT INTO "penstock_node" VALUES('20261121-115854-b537','Check','Check',2,'complete','it has not run before',1795262335353,1795262335535,NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Check.log',0,'');
INSERT INTO "penstock_node" VALUES('20261121-115854-b537','Train','Train',3,'complete','it has not run before',1795262335544,1795262335736,NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Train.log',0,'');
INSERT INTO "penstock_node" VALUES('20261121-115854-b537','Push','Push',4,'complete','it has not run before',1795262335741,1795262335842,NULL,'/srv/ada/toy/.penstock/toy/runs/20261121-115854-b537/Push.log',0,'');
INSERT INTO "penstock_node" VALUES('20261121-115855-cbbe','Make','Make',5,'reused','unchanged since run 20261121-115854-b537',1795262335888,1795262335888,NULL,NULL,0,'10 rows');
INSERT INTO "penstock_node" VALUES('20261121-115855-cbbe','Check','Check',6,'reused','unchanged since run 20261121-115854-b537',1795262335892,1795262335892,NULL,NULL,0,'');
INSERT INTO "penstock_node" VALUES('20261121-115855-cbbe','Train','Train',7,'reused','unchanged since run 20261121-115854-b537',1795262335895,1795262335895,NULL,NULL,0,'');
INSERT INTO "penstock_node" VALUES('20261121-115855-cbbe','Push','Push',8,'reused','unchanged since run 20261121-115854-b537',1795262335898,1795262335898,NULL,NULL,0,'');
INSERT INTO "penstock_node" VALUES('20261121-115855-e9d6','Make','Make',9,'reused','unchanged since run 20261121-115854-b537',1795262335919,1795262335919,NULL,NULL,0,'10 rows');
INSERT INTO "penstock_node" VALUES('20261121-115855-e9d6','Check','Check',10,'reused','unchanged since run 20261121-115854-b537',1795262335923,1795262335923,NULL,NULL,0,'');
INSERT INTO "penstock_node" VALUES('20261121-115855-e9d6','Train','Train',11,'failed','component Train raised ValueError: the weights are gone',1795262335926,1795262336092,'{"kind": "UserCodeError", "message": "component Train raised ValueError: the weights are gone\n  /srv/ada/toy/pipeline.py:26 in Train\n    raise ValueError(\"the weights are gone\")", "hint": null, "facts": {"node": "Train", "function": "component Train", "frames": [{"path": "/srv/ada/toy/pipeline.py", "line": 26, "function": "Train", "code": "raise ValueError(\"the weights are gone\")"}], "cause": "ValueError", "traceback": "Traceback (most recent call last):\n  File \"penstock/dsl/user_code.py\", line 101, in boundary\n    yield\n  File \"penstock/orchestration/execution.py\", line 172, in _call\n    return component.function(**arguments)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/srv/ada/toy/pipeline.py\", line 26, in Train\n    raise ValueError(\"the weights are gone\")\nValueError: the weights are gone\n"}}','/srv/ada/toy/.penstock/toy/runs/20261121-115855-e9d6/Train.log',0,'');
INSERT INTO "penstock_node" VALUES('20261121-115855-e9d6','Push','Push',NULL,'skipped','Train failed',NULL,1795262336093,NULL,NULL,0,'');
CREATE TABLE penstock_pin (
	id INTEGER NOT NULL, 
	artifact_id INT NOT NULL, 
	pinned BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	author TEXT NOT NULL, 
	at_ms INT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "penstock_pin" VALUES(1,1,1,'the audit','ada',1795266587582);
CREATE TABLE penstock_place (
	execution_id INT NOT NULL, 
	owner TEXT NOT NULL, 
	uri TEXT NOT NULL, 
	"temporary" TEXT NOT NULL, 
	PRIMARY KEY (execution_id)
);
CREATE TABLE penstock_run (
	id TEXT NOT NULL, 
	pipeline TEXT NOT NULL, 
	state TEXT NOT NULL, 
	started_ms INT NOT NULL, 
	ended_ms INT, 
	"plan" TEXT, 
	profile TEXT, 
	git_commit TEXT, 
	dirty BOOLEAN, 
	packages TEXT, 
	user_name TEXT, 
	penstock_version TEXT, 
	owner TEXT, origin TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "penstock_run" VALUES('20261121-115854-b537','toy','complete',1795262334992,1795262335843,'{"pipeline":"toy","nodes":[{"id":"Make","component":"Make","ref":"pipeline.py:Make","version":"1","inputs":{},"parameters":{"rows":10},"values":{},"outputs":{"examples":"Examples"},"waits_for":[],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Check","component":"Check","ref":"pipeline.py:Check","version":"1","inputs":{"examples":{"node":"Make","output":"examples"}},"parameters":{"least":5,"gate":"block"},"values":{},"outputs":{"schema":"Schema"},"waits_for":[],"gate":"block","query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Train","component":"Train","ref":"pipeline.py:Train","version":"1","inputs":{"examples":{"node":"Make","output":"examples"}},"parameters":{"fail":false,"seconds":0.0},"values":{},"outputs":{"model":"Model"},"waits_for":["Check"],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Push","component":"Push","ref":"pipeline.py:Push","version":"1","inputs":{"model":{"node":"Train","output":"model"}},"parameters":{},"values":{},"outputs":{"pushed_model":"PushedModel"},"waits_for":[],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}}]}','local',NULL,NULL,'{"lazy_importer": "0.1.0", "execnet": "2.1.2", "jsonschema_specifications": "2025.9.1"}','ada','0.1.0','laptop:28714:183195',NULL);
INSERT INTO "penstock_run" VALUES('20261121-115855-cbbe','toy','complete',1795262335874,1795262335899,'{"pipeline":"toy","nodes":[{"id":"Make","component":"Make","ref":"pipeline.py:Make","version":"1","inputs":{},"parameters":{"rows":10},"values":{},"outputs":{"examples":"Examples"},"waits_for":[],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Check","component":"Check","ref":"pipeline.py:Check","version":"1","inputs":{"examples":{"node":"Make","output":"examples"}},"parameters":{"least":5,"gate":"block"},"values":{},"outputs":{"schema":"Schema"},"waits_for":[],"gate":"block","query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Train","component":"Train","ref":"pipeline.py:Train","version":"1","inputs":{"examples":{"node":"Make","output":"examples"}},"parameters":{"fail":false,"seconds":0.0},"values":{},"outputs":{"model":"Model"},"waits_for":["Check"],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Push","component":"Push","ref":"pipeline.py:Push","version":"1","inputs":{"model":{"node":"Train","output":"model"}},"parameters":{},"values":{},"outputs":{"pushed_model":"PushedModel"},"waits_for":[],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}}]}','local',NULL,NULL,'{"lazy_importer": "0.1.0", "execnet": "2.1.2", "jsonschema_specifications": "2025.9.1"}','ada','0.1.0','laptop:28714:183195',NULL);
INSERT INTO "penstock_run" VALUES('20261121-115855-e9d6','toy','failed',1795262335907,1795262336093,'{"pipeline":"toy","nodes":[{"id":"Make","component":"Make","ref":"pipeline.py:Make","version":"1","inputs":{},"parameters":{"rows":10},"values":{},"outputs":{"examples":"Examples"},"waits_for":[],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Check","component":"Check","ref":"pipeline.py:Check","version":"1","inputs":{"examples":{"node":"Make","output":"examples"}},"parameters":{"least":5,"gate":"block"},"values":{},"outputs":{"schema":"Schema"},"waits_for":[],"gate":"block","query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Train","component":"Train","ref":"pipeline.py:Train","version":"1","inputs":{"examples":{"node":"Make","output":"examples"}},"parameters":{"fail":true,"seconds":0.0},"values":{},"outputs":{"model":"Model"},"waits_for":["Check"],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}},{"id":"Push","component":"Push","ref":"pipeline.py:Push","version":"1","inputs":{"model":{"node":"Train","output":"model"}},"parameters":{},"values":{},"outputs":{"pushed_model":"PushedModel"},"waits_for":[],"gate":null,"query":null,"options":{"timeout":null,"retries":0,"beam":{}}}]}','local',NULL,NULL,'{"lazy_importer": "0.1.0", "execnet": "2.1.2", "jsonschema_specifications": "2025.9.1"}','ada','0.1.0','laptop:28714:183195',NULL);
CREATE TABLE penstock_runlog (
	id INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	node_id TEXT, 
	at_ms INT NOT NULL, 
	level TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE penstock_source (
	digest TEXT NOT NULL, 
	names TEXT NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "penstock_source" VALUES('a88ba52549fedc89ce9384e695081990c87e0941c443545ea3ac9772f7344713','{"(imports)":"c90f258153eba0b6","(order)":"9f55a9f9f194ecc2","Make":"f33014b148c96bdf"}');
INSERT INTO "penstock_source" VALUES('f7e8f34597b42ef686706eef90786d7f66d0728dff024e758e89f0ee70c31873','{"(imports)":"91c08706dd023381","(order)":"e2270405313c0056","Check":"1f6dc4de04f3ad7c"}');
INSERT INTO "penstock_source" VALUES('da03d5719ec6e2e9d2810c7be79b375d87aa274d52d4e628bcfd9d3a1bb0e46d','{"(imports)":"69fe92661935698e","(order)":"38d556f0be77563c","Train":"c9115a02e8cba3da"}');
INSERT INTO "penstock_source" VALUES('30ec6e78f4862551be35d2f3ad3d4240a7c7c6cbb96bdeda47f7b38e4a57de75','{"(imports)":"c90f258153eba0b6","(order)":"d2cf22310b3ea274","Push":"9baf0c40023e1e88"}');
CREATE TABLE penstock_verdict (
	execution_id INT NOT NULL, 
	position INT NOT NULL, 
	check_name TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	PRIMARY KEY (execution_id, position)
);
INSERT INTO "penstock_verdict" VALUES(2,0,'rows','pass','','{"check":"rows","outcome":"pass","observed":10.0,"bound":5.0,"relation":">=","n":10}');
INSERT INTO "penstock_verdict" VALUES(2,1,'auc','undefined','hour=4','{"check":"auc","outcome":"undefined","subject":"hour=4","message":"There is no baseline."}');
CREATE INDEX idx_type_name ON Type (name);
CREATE INDEX idx_type_external_id ON Type (external_id);
CREATE INDEX idx_artifact_last_update_time_since_epoch ON Artifact (last_update_time_since_epoch);
CREATE INDEX idx_artifact_external_id ON Artifact (external_id);
CREATE INDEX idx_artifact_uri ON Artifact (uri);
CREATE INDEX idx_artifact_create_time_since_epoch ON Artifact (create_time_since_epoch);
CREATE INDEX idx_artifact_property_double ON ArtifactProperty (name, is_custom_property, double_value) WHERE double_value IS NOT NULL;
CREATE INDEX idx_artifact_property_int ON ArtifactProperty (name, is_custom_property, int_value) WHERE int_value IS NOT NULL;
CREATE INDEX idx_artifact_property_string ON ArtifactProperty (name, is_custom_property, string_value) WHERE string_value IS NOT NULL;
CREATE INDEX idx_execution_create_time_since_epoch ON Execution (create_time_since_epoch);
CREATE INDEX idx_execution_external_id ON Execution (external_id);
CREATE INDEX idx_execution_last_update_time_since_epoch ON Execution (last_update_time_since_epoch);
CREATE INDEX idx_execution_property_string ON ExecutionProperty (name, is_custom_property, string_value) WHERE string_value IS NOT NULL;
CREATE INDEX idx_execution_property_int ON ExecutionProperty (name, is_custom_property, int_value) WHERE int_value IS NOT NULL;
CREATE INDEX idx_execution_property_double ON ExecutionProperty (name, is_custom_property, double_value) WHERE double_value IS NOT NULL;
CREATE INDEX idx_context_create_time_since_epoch ON Context (create_time_since_epoch);
CREATE INDEX idx_context_last_update_time_since_epoch ON Context (last_update_time_since_epoch);
CREATE INDEX idx_context_external_id ON Context (external_id);
CREATE INDEX idx_context_property_string ON ContextProperty (name, is_custom_property, string_value) WHERE string_value IS NOT NULL;
CREATE INDEX idx_context_property_int ON ContextProperty (name, is_custom_property, int_value) WHERE int_value IS NOT NULL;
CREATE INDEX idx_context_property_double ON ContextProperty (name, is_custom_property, double_value) WHERE double_value IS NOT NULL;
CREATE INDEX idx_event_execution_id ON Event (execution_id);
CREATE INDEX idx_eventpath_event_id ON EventPath (event_id);
CREATE INDEX idx_parentcontext_parent_context_id ON ParentContext (parent_context_id);
CREATE INDEX penstock_run_pipeline ON penstock_run (pipeline, started_ms);
CREATE INDEX penstock_run_state ON penstock_run (state);
CREATE INDEX penstock_run_started ON penstock_run (started_ms);
CREATE INDEX penstock_execution_run ON penstock_execution (run_id, node_id);
CREATE INDEX penstock_content_digest ON penstock_content (digest);
CREATE INDEX penstock_runlog_run ON penstock_runlog (run_id, node_id);
CREATE INDEX penstock_pin_artifact ON penstock_pin (artifact_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('MLMDEnv',10);
INSERT INTO "sqlite_sequence" VALUES('Type',20);
INSERT INTO "sqlite_sequence" VALUES('Context',8);
INSERT INTO "sqlite_sequence" VALUES('Execution',11);
INSERT INTO "sqlite_sequence" VALUES('Association',33);
INSERT INTO "sqlite_sequence" VALUES('Artifact',4);
INSERT INTO "sqlite_sequence" VALUES('Attribution',54);
INSERT INTO "sqlite_sequence" VALUES('Event',18);
COMMIT;
