-- The metadata.db of two runs of TFX 1.16's Chicago taxi example, which we made with benchmarks/support/tfx_taxi.py:
-- the first failed in its Trainer (Keras 3), the second reused what was there. Only the work directory is renamed.
BEGIN TRANSACTION;
CREATE TABLE `Artifact` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `uri` TEXT,    `state` INT,    `name` VARCHAR(255),    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Artifact" VALUES(1,15,'/srv/ada/tfx/pipelines/CsvExampleGen/examples/1',2,NULL,NULL,1795261451440,1795261451440);
INSERT INTO "Artifact" VALUES(2,18,'/srv/ada/tfx/pipelines/StatisticsGen/statistics/3',2,NULL,NULL,1795261456420,1795261456420);
INSERT INTO "Artifact" VALUES(3,20,'/srv/ada/tfx/pipelines/SchemaGen/schema/4',2,NULL,NULL,1795261456464,1795261456464);
INSERT INTO "Artifact" VALUES(4,22,'/srv/ada/tfx/pipelines/ExampleValidator/anomalies/5',2,NULL,NULL,1795261456504,1795261456504);
INSERT INTO "Artifact" VALUES(5,15,'/srv/ada/tfx/pipelines/Transform/transformed_examples/6',2,NULL,NULL,1795261487863,1795261487863);
INSERT INTO "Artifact" VALUES(6,18,'/srv/ada/tfx/pipelines/Transform/post_transform_stats/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(7,24,'/srv/ada/tfx/pipelines/Transform/updated_analyzer_cache/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(8,25,'/srv/ada/tfx/pipelines/Transform/transform_graph/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(9,20,'/srv/ada/tfx/pipelines/Transform/pre_transform_schema/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(10,22,'/srv/ada/tfx/pipelines/Transform/post_transform_anomalies/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(11,18,'/srv/ada/tfx/pipelines/Transform/pre_transform_stats/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(12,20,'/srv/ada/tfx/pipelines/Transform/post_transform_schema/6',2,NULL,NULL,1795261487864,1795261487864);
INSERT INTO "Artifact" VALUES(13,27,'/srv/ada/tfx/pipelines/Trainer/model/14',2,NULL,NULL,1795261650396,1795261650396);
INSERT INTO "Artifact" VALUES(14,28,'/srv/ada/tfx/pipelines/Trainer/model_run/14',2,NULL,NULL,1795261650396,1795261650396);
INSERT INTO "Artifact" VALUES(15,30,'/srv/ada/tfx/pipelines/Evaluator/evaluation/15',2,NULL,NULL,1795261660403,1795261660403);
INSERT INTO "Artifact" VALUES(16,31,'/srv/ada/tfx/pipelines/Evaluator/blessing/15',2,NULL,NULL,1795261660404,1795261660404);
INSERT INTO "Artifact" VALUES(17,33,'/srv/ada/tfx/pipelines/Pusher/pushed_model/16',2,NULL,NULL,1795261660510,1795261660510);
CREATE TABLE `ArtifactProperty` (    `artifact_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`artifact_id`, `name`, `is_custom_property`));
INSERT INTO "ArtifactProperty" VALUES(1,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'payload_format',1,NULL,NULL,'FORMAT_TF_EXAMPLE',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'input_fingerprint',1,NULL,NULL,'split:single_split,num_files:1,total_bytes:1922812,xor_checksum:1795261419,sum_checksum:1795261419',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'file_format',1,NULL,NULL,'tfrecords_gzip',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'span',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'span',0,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'stats_dashboard_link',1,NULL,NULL,'',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'sample_rate_by_split',1,NULL,NULL,'mlmd-struct::CioKCV9fdmFsdWVfXxIdGht7ImV2YWwiOiAxLjAsICJ0cmFpbiI6IDEuMH0=',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'span',0,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'blessed',1,NULL,NULL,'mlmd-struct::ChEKBGV2YWwSCREAAAAAAADwPwoSCgV0cmFpbhIJEQAAAAAAAPA/',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'blessed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'current_model',1,NULL,NULL,'/srv/ada/tfx/pipelines/Trainer/model/14',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'current_model_id',1,13,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed_version',1,NULL,NULL,'1795261660',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed_destination',1,NULL,NULL,'/srv/ada/tfx/serving_model/1795261660',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed',1,1,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE `Association` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `context_id` INT NOT NULL,    `execution_id` INT NOT NULL,    UNIQUE(`context_id`, `execution_id`)  );
INSERT INTO "Association" VALUES(1,1,1);
INSERT INTO "Association" VALUES(2,2,1);
INSERT INTO "Association" VALUES(3,3,1);
INSERT INTO "Association" VALUES(4,4,1);
INSERT INTO "Association" VALUES(5,1,2);
INSERT INTO "Association" VALUES(6,2,2);
INSERT INTO "Association" VALUES(7,5,2);
INSERT INTO "Association" VALUES(8,1,3);
INSERT INTO "Association" VALUES(9,2,3);
INSERT INTO "Association" VALUES(10,6,3);
INSERT INTO "Association" VALUES(11,7,3);
INSERT INTO "Association" VALUES(12,1,4);
INSERT INTO "Association" VALUES(13,2,4);
INSERT INTO "Association" VALUES(14,8,4);
INSERT INTO "Association" VALUES(15,9,4);
INSERT INTO "Association" VALUES(16,1,5);
INSERT INTO "Association" VALUES(17,2,5);
INSERT INTO "Association" VALUES(18,10,5);
INSERT INTO "Association" VALUES(19,11,5);
INSERT INTO "Association" VALUES(20,1,6);
INSERT INTO "Association" VALUES(21,2,6);
INSERT INTO "Association" VALUES(22,12,6);
INSERT INTO "Association" VALUES(23,13,6);
INSERT INTO "Association" VALUES(24,1,7);
INSERT INTO "Association" VALUES(25,2,7);
INSERT INTO "Association" VALUES(26,14,7);
INSERT INTO "Association" VALUES(27,15,7);
INSERT INTO "Association" VALUES(28,1,8);
INSERT INTO "Association" VALUES(29,16,8);
INSERT INTO "Association" VALUES(30,3,8);
INSERT INTO "Association" VALUES(31,4,8);
INSERT INTO "Association" VALUES(32,1,9);
INSERT INTO "Association" VALUES(33,16,9);
INSERT INTO "Association" VALUES(34,5,9);
INSERT INTO "Association" VALUES(35,1,10);
INSERT INTO "Association" VALUES(36,16,10);
INSERT INTO "Association" VALUES(37,6,10);
INSERT INTO "Association" VALUES(38,7,10);
INSERT INTO "Association" VALUES(39,1,11);
INSERT INTO "Association" VALUES(40,16,11);
INSERT INTO "Association" VALUES(41,8,11);
INSERT INTO "Association" VALUES(42,9,11);
INSERT INTO "Association" VALUES(43,1,12);
INSERT INTO "Association" VALUES(44,16,12);
INSERT INTO "Association" VALUES(45,10,12);
INSERT INTO "Association" VALUES(46,11,12);
INSERT INTO "Association" VALUES(47,1,13);
INSERT INTO "Association" VALUES(48,16,13);
INSERT INTO "Association" VALUES(49,12,13);
INSERT INTO "Association" VALUES(50,13,13);
INSERT INTO "Association" VALUES(51,1,14);
INSERT INTO "Association" VALUES(52,16,14);
INSERT INTO "Association" VALUES(53,14,14);
INSERT INTO "Association" VALUES(54,15,14);
INSERT INTO "Association" VALUES(55,1,15);
INSERT INTO "Association" VALUES(56,16,15);
INSERT INTO "Association" VALUES(57,17,15);
INSERT INTO "Association" VALUES(58,18,15);
INSERT INTO "Association" VALUES(59,1,16);
INSERT INTO "Association" VALUES(60,16,16);
INSERT INTO "Association" VALUES(61,19,16);
INSERT INTO "Association" VALUES(62,20,16);
CREATE TABLE `Attribution` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `context_id` INT NOT NULL,    `artifact_id` INT NOT NULL,    UNIQUE(`context_id`, `artifact_id`)  );
INSERT INTO "Attribution" VALUES(1,1,1);
INSERT INTO "Attribution" VALUES(2,2,1);
INSERT INTO "Attribution" VALUES(3,3,1);
INSERT INTO "Attribution" VALUES(4,4,1);
INSERT INTO "Attribution" VALUES(5,6,1);
INSERT INTO "Attribution" VALUES(6,1,2);
INSERT INTO "Attribution" VALUES(7,2,2);
INSERT INTO "Attribution" VALUES(8,6,2);
INSERT INTO "Attribution" VALUES(9,7,2);
INSERT INTO "Attribution" VALUES(10,8,2);
INSERT INTO "Attribution" VALUES(11,1,3);
INSERT INTO "Attribution" VALUES(12,2,3);
INSERT INTO "Attribution" VALUES(13,8,3);
INSERT INTO "Attribution" VALUES(14,9,3);
INSERT INTO "Attribution" VALUES(15,10,2);
INSERT INTO "Attribution" VALUES(16,10,3);
INSERT INTO "Attribution" VALUES(17,1,4);
INSERT INTO "Attribution" VALUES(18,2,4);
INSERT INTO "Attribution" VALUES(19,10,4);
INSERT INTO "Attribution" VALUES(20,11,4);
INSERT INTO "Attribution" VALUES(21,12,1);
INSERT INTO "Attribution" VALUES(22,12,3);
INSERT INTO "Attribution" VALUES(23,1,12);
INSERT INTO "Attribution" VALUES(24,1,5);
INSERT INTO "Attribution" VALUES(25,1,8);
INSERT INTO "Attribution" VALUES(26,1,11);
INSERT INTO "Attribution" VALUES(27,1,7);
INSERT INTO "Attribution" VALUES(28,1,10);
INSERT INTO "Attribution" VALUES(29,1,9);
INSERT INTO "Attribution" VALUES(30,1,6);
INSERT INTO "Attribution" VALUES(31,2,12);
INSERT INTO "Attribution" VALUES(32,2,5);
INSERT INTO "Attribution" VALUES(33,2,8);
INSERT INTO "Attribution" VALUES(34,2,11);
INSERT INTO "Attribution" VALUES(35,2,7);
INSERT INTO "Attribution" VALUES(36,2,10);
INSERT INTO "Attribution" VALUES(37,2,9);
INSERT INTO "Attribution" VALUES(38,2,6);
INSERT INTO "Attribution" VALUES(39,12,12);
INSERT INTO "Attribution" VALUES(40,12,5);
INSERT INTO "Attribution" VALUES(41,12,8);
INSERT INTO "Attribution" VALUES(42,12,11);
INSERT INTO "Attribution" VALUES(43,12,7);
INSERT INTO "Attribution" VALUES(44,12,10);
INSERT INTO "Attribution" VALUES(45,12,9);
INSERT INTO "Attribution" VALUES(46,12,6);
INSERT INTO "Attribution" VALUES(47,13,12);
INSERT INTO "Attribution" VALUES(48,13,5);
INSERT INTO "Attribution" VALUES(49,13,8);
INSERT INTO "Attribution" VALUES(50,13,11);
INSERT INTO "Attribution" VALUES(51,13,7);
INSERT INTO "Attribution" VALUES(52,13,10);
INSERT INTO "Attribution" VALUES(53,13,9);
INSERT INTO "Attribution" VALUES(54,13,6);
INSERT INTO "Attribution" VALUES(55,14,5);
INSERT INTO "Attribution" VALUES(56,14,3);
INSERT INTO "Attribution" VALUES(57,14,8);
INSERT INTO "Attribution" VALUES(58,16,1);
INSERT INTO "Attribution" VALUES(59,16,2);
INSERT INTO "Attribution" VALUES(60,16,3);
INSERT INTO "Attribution" VALUES(61,16,4);
INSERT INTO "Attribution" VALUES(62,16,7);
INSERT INTO "Attribution" VALUES(63,16,11);
INSERT INTO "Attribution" VALUES(64,16,5);
INSERT INTO "Attribution" VALUES(65,16,6);
INSERT INTO "Attribution" VALUES(66,16,8);
INSERT INTO "Attribution" VALUES(67,16,9);
INSERT INTO "Attribution" VALUES(68,16,12);
INSERT INTO "Attribution" VALUES(69,16,10);
INSERT INTO "Attribution" VALUES(70,1,13);
INSERT INTO "Attribution" VALUES(71,1,14);
INSERT INTO "Attribution" VALUES(72,16,13);
INSERT INTO "Attribution" VALUES(73,16,14);
INSERT INTO "Attribution" VALUES(74,14,13);
INSERT INTO "Attribution" VALUES(75,14,14);
INSERT INTO "Attribution" VALUES(76,15,13);
INSERT INTO "Attribution" VALUES(77,15,14);
INSERT INTO "Attribution" VALUES(78,17,1);
INSERT INTO "Attribution" VALUES(79,17,13);
INSERT INTO "Attribution" VALUES(80,1,15);
INSERT INTO "Attribution" VALUES(81,1,16);
INSERT INTO "Attribution" VALUES(82,16,15);
INSERT INTO "Attribution" VALUES(83,16,16);
INSERT INTO "Attribution" VALUES(84,17,15);
INSERT INTO "Attribution" VALUES(85,17,16);
INSERT INTO "Attribution" VALUES(86,18,15);
INSERT INTO "Attribution" VALUES(87,18,16);
INSERT INTO "Attribution" VALUES(88,19,16);
INSERT INTO "Attribution" VALUES(89,19,13);
INSERT INTO "Attribution" VALUES(90,1,17);
INSERT INTO "Attribution" VALUES(91,16,17);
INSERT INTO "Attribution" VALUES(92,19,17);
INSERT INTO "Attribution" VALUES(93,20,17);
CREATE TABLE `Context` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Context" VALUES(1,10,'chicago_taxi_native_keras',NULL,1795261446120,1795261446120);
INSERT INTO "Context" VALUES(2,11,'2026-11-21T11:44:06.108847',NULL,1795261446122,1795261446122);
INSERT INTO "Context" VALUES(3,12,'chicago_taxi_native_keras.CsvExampleGen',NULL,1795261446125,1795261446125);
INSERT INTO "Context" VALUES(4,14,'1f1e591392154cef2824a3c26e78e4e5ccb95a66c41434fb36673cc25db7008f',NULL,1795261446139,1795261446139);
INSERT INTO "Context" VALUES(5,12,'chicago_taxi_native_keras.latest_blessed_model_resolver',NULL,1795261451454,1795261451454);
INSERT INTO "Context" VALUES(6,12,'chicago_taxi_native_keras.StatisticsGen',NULL,1795261451467,1795261451467);
INSERT INTO "Context" VALUES(7,14,'a456311c8b3e2e369fd612bef6b84012ca52848acfef86bdf43332bfbb9f5961',NULL,1795261451480,1795261451480);
INSERT INTO "Context" VALUES(8,12,'chicago_taxi_native_keras.SchemaGen',NULL,1795261456426,1795261456426);
INSERT INTO "Context" VALUES(9,14,'5044e3bf5a2f04b610bc78bcd1c170ad27e3d50e017aab6679212f5df39102f4',NULL,1795261456446,1795261456446);
INSERT INTO "Context" VALUES(10,12,'chicago_taxi_native_keras.ExampleValidator',NULL,1795261456469,1795261456469);
INSERT INTO "Context" VALUES(11,14,'bbe5b53a8cf57f9dea1738476ca6cd5b6c73575977086cf56909849be253d2a4',NULL,1795261456482,1795261456482);
INSERT INTO "Context" VALUES(12,12,'chicago_taxi_native_keras.Transform',NULL,1795261456509,1795261456509);
INSERT INTO "Context" VALUES(13,14,'ca949319bbab958f590bf9634c196aeb7b701d2ec9eaef4084e2f6ac4a4f5ca2',NULL,1795261456528,1795261456528);
INSERT INTO "Context" VALUES(14,12,'chicago_taxi_native_keras.Trainer',NULL,1795261487870,1795261487870);
INSERT INTO "Context" VALUES(15,14,'8fd1fd2457980e06036058c8d64571354a015a4a28a5fad1b780ebe9cf3204d8',NULL,1795261487886,1795261487886);
INSERT INTO "Context" VALUES(16,11,'2026-11-21T11:46:59.955459',NULL,1795261619960,1795261619974);
INSERT INTO "Context" VALUES(17,12,'chicago_taxi_native_keras.Evaluator',NULL,1795261650425,1795261650425);
INSERT INTO "Context" VALUES(18,14,'4b63d0b3622a306bff7e2c3fbd5dcf2a2c8f419629eba330640d33c740bcce96',NULL,1795261650508,1795261650508);
INSERT INTO "Context" VALUES(19,12,'chicago_taxi_native_keras.Pusher',NULL,1795261660427,1795261660427);
INSERT INTO "Context" VALUES(20,14,'7e4b8e1e28ac934ac52cf4d8ec13ffec73b6d595960c476eb91aad13b18efbfb',NULL,1795261660495,1795261660495);
CREATE TABLE `ContextProperty` (    `context_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`context_id`, `name`, `is_custom_property`));
CREATE TABLE `Event` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `artifact_id` INT NOT NULL,    `execution_id` INT NOT NULL,    `type` INT NOT NULL,    `milliseconds_since_epoch` INT,    UNIQUE(`artifact_id`, `execution_id`, `type`)  );
INSERT INTO "Event" VALUES(1,1,1,4,1795261451440);
INSERT INTO "Event" VALUES(2,1,3,3,1795261451475);
INSERT INTO "Event" VALUES(3,2,3,4,1795261456421);
INSERT INTO "Event" VALUES(4,2,4,3,1795261456440);
INSERT INTO "Event" VALUES(5,3,4,4,1795261456464);
INSERT INTO "Event" VALUES(6,2,5,3,1795261456478);
INSERT INTO "Event" VALUES(7,3,5,3,1795261456478);
INSERT INTO "Event" VALUES(8,4,5,4,1795261456505);
INSERT INTO "Event" VALUES(9,1,6,3,1795261456518);
INSERT INTO "Event" VALUES(10,3,6,3,1795261456519);
INSERT INTO "Event" VALUES(11,5,6,4,1795261487864);
INSERT INTO "Event" VALUES(12,6,6,4,1795261487864);
INSERT INTO "Event" VALUES(13,7,6,4,1795261487864);
INSERT INTO "Event" VALUES(14,8,6,4,1795261487864);
INSERT INTO "Event" VALUES(15,9,6,4,1795261487864);
INSERT INTO "Event" VALUES(16,10,6,4,1795261487864);
INSERT INTO "Event" VALUES(17,11,6,4,1795261487864);
INSERT INTO "Event" VALUES(18,12,6,4,1795261487864);
INSERT INTO "Event" VALUES(19,5,7,3,1795261487881);
INSERT INTO "Event" VALUES(20,3,7,3,1795261487881);
INSERT INTO "Event" VALUES(21,8,7,3,1795261487881);
INSERT INTO "Event" VALUES(22,1,8,4,1795261619974);
INSERT INTO "Event" VALUES(23,1,10,3,1795261619989);
INSERT INTO "Event" VALUES(24,2,10,4,1795261619994);
INSERT INTO "Event" VALUES(25,2,11,3,1795261620001);
INSERT INTO "Event" VALUES(26,3,11,4,1795261620006);
INSERT INTO "Event" VALUES(27,3,12,3,1795261620014);
INSERT INTO "Event" VALUES(28,2,12,3,1795261620014);
INSERT INTO "Event" VALUES(29,4,12,4,1795261620021);
INSERT INTO "Event" VALUES(30,3,13,3,1795261620029);
INSERT INTO "Event" VALUES(31,1,13,3,1795261620029);
INSERT INTO "Event" VALUES(32,5,13,4,1795261620037);
INSERT INTO "Event" VALUES(33,6,13,4,1795261620037);
INSERT INTO "Event" VALUES(34,7,13,4,1795261620037);
INSERT INTO "Event" VALUES(35,8,13,4,1795261620037);
INSERT INTO "Event" VALUES(36,9,13,4,1795261620037);
INSERT INTO "Event" VALUES(37,10,13,4,1795261620037);
INSERT INTO "Event" VALUES(38,11,13,4,1795261620037);
INSERT INTO "Event" VALUES(39,12,13,4,1795261620037);
INSERT INTO "Event" VALUES(40,5,14,3,1795261620046);
INSERT INTO "Event" VALUES(41,3,14,3,1795261620047);
INSERT INTO "Event" VALUES(42,8,14,3,1795261620047);
INSERT INTO "Event" VALUES(43,13,14,4,1795261650396);
INSERT INTO "Event" VALUES(44,14,14,4,1795261650396);
INSERT INTO "Event" VALUES(45,1,15,3,1795261650474);
INSERT INTO "Event" VALUES(46,13,15,3,1795261650474);
INSERT INTO "Event" VALUES(47,15,15,4,1795261660404);
INSERT INTO "Event" VALUES(48,16,15,4,1795261660404);
INSERT INTO "Event" VALUES(49,16,16,3,1795261660472);
INSERT INTO "Event" VALUES(50,13,16,3,1795261660472);
INSERT INTO "Event" VALUES(51,17,16,4,1795261660510);
CREATE TABLE `EventPath` (    `event_id` INT NOT NULL,    `is_index_step` TINYINT(1) NOT NULL,    `step_index` INT,    `step_key` TEXT  );
INSERT INTO "EventPath" VALUES(1,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(1,1,0,NULL);
INSERT INTO "EventPath" VALUES(2,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(2,1,0,NULL);
INSERT INTO "EventPath" VALUES(3,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(3,1,0,NULL);
INSERT INTO "EventPath" VALUES(4,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(4,1,0,NULL);
INSERT INTO "EventPath" VALUES(5,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(5,1,0,NULL);
INSERT INTO "EventPath" VALUES(6,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(6,1,0,NULL);
INSERT INTO "EventPath" VALUES(7,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(7,1,0,NULL);
INSERT INTO "EventPath" VALUES(8,0,NULL,'anomalies');
INSERT INTO "EventPath" VALUES(8,1,0,NULL);
INSERT INTO "EventPath" VALUES(9,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(9,1,0,NULL);
INSERT INTO "EventPath" VALUES(10,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(10,1,0,NULL);
INSERT INTO "EventPath" VALUES(11,0,NULL,'transformed_examples');
INSERT INTO "EventPath" VALUES(11,1,0,NULL);
INSERT INTO "EventPath" VALUES(12,0,NULL,'post_transform_stats');
INSERT INTO "EventPath" VALUES(12,1,0,NULL);
INSERT INTO "EventPath" VALUES(13,0,NULL,'updated_analyzer_cache');
INSERT INTO "EventPath" VALUES(13,1,0,NULL);
INSERT INTO "EventPath" VALUES(14,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(14,1,0,NULL);
INSERT INTO "EventPath" VALUES(15,0,NULL,'pre_transform_schema');
INSERT INTO "EventPath" VALUES(15,1,0,NULL);
INSERT INTO "EventPath" VALUES(16,0,NULL,'post_transform_anomalies');
INSERT INTO "EventPath" VALUES(16,1,0,NULL);
INSERT INTO "EventPath" VALUES(17,0,NULL,'pre_transform_stats');
INSERT INTO "EventPath" VALUES(17,1,0,NULL);
INSERT INTO "EventPath" VALUES(18,0,NULL,'post_transform_schema');
INSERT INTO "EventPath" VALUES(18,1,0,NULL);
INSERT INTO "EventPath" VALUES(19,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(19,1,0,NULL);
INSERT INTO "EventPath" VALUES(20,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(20,1,0,NULL);
INSERT INTO "EventPath" VALUES(21,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(21,1,0,NULL);
INSERT INTO "EventPath" VALUES(22,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(22,1,0,NULL);
INSERT INTO "EventPath" VALUES(23,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(23,1,0,NULL);
INSERT INTO "EventPath" VALUES(24,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(24,1,0,NULL);
INSERT INTO "EventPath" VALUES(25,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(25,1,0,NULL);
INSERT INTO "EventPath" VALUES(26,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(26,1,0,NULL);
INSERT INTO "EventPath" VALUES(27,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(27,1,0,NULL);
INSERT INTO "EventPath" VALUES(28,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(28,1,0,NULL);
INSERT INTO "EventPath" VALUES(29,0,NULL,'anomalies');
INSERT INTO "EventPath" VALUES(29,1,0,NULL);
INSERT INTO "EventPath" VALUES(30,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(30,1,0,NULL);
INSERT INTO "EventPath" VALUES(31,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(31,1,0,NULL);
INSERT INTO "EventPath" VALUES(32,0,NULL,'transformed_examples');
INSERT INTO "EventPath" VALUES(32,1,0,NULL);
INSERT INTO "EventPath" VALUES(33,0,NULL,'post_transform_stats');
INSERT INTO "EventPath" VALUES(33,1,0,NULL);
INSERT INTO "EventPath" VALUES(34,0,NULL,'updated_analyzer_cache');
INSERT INTO "EventPath" VALUES(34,1,0,NULL);
INSERT INTO "EventPath" VALUES(35,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(35,1,0,NULL);
INSERT INTO "EventPath" VALUES(36,0,NULL,'pre_transform_schema');
INSERT INTO "EventPath" VALUES(36,1,0,NULL);
INSERT INTO "EventPath" VALUES(37,0,NULL,'post_transform_anomalies');
INSERT INTO "EventPath" VALUES(37,1,0,NULL);
INSERT INTO "EventPath" VALUES(38,0,NULL,'pre_transform_stats');
INSERT INTO "EventPath" VALUES(38,1,0,NULL);
INSERT INTO "EventPath" VALUES(39,0,NULL,'post_transform_schema');
INSERT INTO "EventPath" VALUES(39,1,0,NULL);
INSERT INTO "EventPath" VALUES(40,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(40,1,0,NULL);
INSERT INTO "EventPath" VALUES(41,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(41,1,0,NULL);
INSERT INTO "EventPath" VALUES(42,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(42,1,0,NULL);
INSERT INTO "EventPath" VALUES(43,0,NULL,'model');
INSERT INTO "EventPath" VALUES(43,1,0,NULL);
INSERT INTO "EventPath" VALUES(44,0,NULL,'model_run');
INSERT INTO "EventPath" VALUES(44,1,0,NULL);
INSERT INTO "EventPath" VALUES(45,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(45,1,0,NULL);
INSERT INTO "EventPath" VALUES(46,0,NULL,'model');
INSERT INTO "EventPath" VALUES(46,1,0,NULL);
INSERT INTO "EventPath" VALUES(47,0,NULL,'evaluation');
INSERT INTO "EventPath" VALUES(47,1,0,NULL);
INSERT INTO "EventPath" VALUES(48,0,NULL,'blessing');
INSERT INTO "EventPath" VALUES(48,1,0,NULL);
INSERT INTO "EventPath" VALUES(49,0,NULL,'model_blessing');
INSERT INTO "EventPath" VALUES(49,1,0,NULL);
INSERT INTO "EventPath" VALUES(50,0,NULL,'model');
INSERT INTO "EventPath" VALUES(50,1,0,NULL);
INSERT INTO "EventPath" VALUES(51,0,NULL,'pushed_model');
INSERT INTO "EventPath" VALUES(51,1,0,NULL);
CREATE TABLE `Execution` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `last_known_state` INT,    `name` VARCHAR(255),    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Execution" VALUES(1,13,3,'6e9539d7-d98f-4bc8-a1f4-9795431a6136',NULL,1795261446131,1795261451440);
INSERT INTO "Execution" VALUES(2,16,3,'bdcfab93-98c1-4c77-991c-56395644c9de',NULL,1795261451461,1795261451462);
INSERT INTO "Execution" VALUES(3,17,3,'96072b8e-b6a8-4ef7-b840-1993f4efdb57',NULL,1795261451475,1795261456421);
INSERT INTO "Execution" VALUES(4,19,3,'91983531-45a6-4ba1-98a9-236727c465f3',NULL,1795261456440,1795261456464);
INSERT INTO "Execution" VALUES(5,21,3,'53d1a760-0aca-4715-acd4-0d1bba979b47',NULL,1795261456477,1795261456504);
INSERT INTO "Execution" VALUES(6,23,3,'f1113abd-1c15-46ff-9a97-d33a5a98642c',NULL,1795261456518,1795261487864);
INSERT INTO "Execution" VALUES(7,26,4,'93cc0fe9-7776-4f30-8d43-7f891baabc03',NULL,1795261487881,1795261490302);
INSERT INTO "Execution" VALUES(8,13,5,'3c3114d4-2a81-4e1f-b215-c53c8a52c6e8',NULL,1795261619966,1795261619974);
INSERT INTO "Execution" VALUES(9,16,3,'00e6a1f8-05ff-4d37-9e38-d3f140a25462',NULL,1795261619981,1795261619982);
INSERT INTO "Execution" VALUES(10,17,5,'f0bd9089-ba78-4abb-8cf7-2e73d461106a',NULL,1795261619989,1795261619994);
INSERT INTO "Execution" VALUES(11,19,5,'dc0d6aa5-f5d1-49da-8c31-e58fc0fbba27',NULL,1795261620001,1795261620005);
INSERT INTO "Execution" VALUES(12,21,5,'00f4f152-a05d-4dff-96a9-d50db3ebb891',NULL,1795261620014,1795261620021);
INSERT INTO "Execution" VALUES(13,23,5,'599425e3-5416-4ca3-b135-74f7e8ba0142',NULL,1795261620029,1795261620036);
INSERT INTO "Execution" VALUES(14,26,3,'d80eb0e3-60f8-436c-adb9-c08ac1c895e5',NULL,1795261620046,1795261650396);
INSERT INTO "Execution" VALUES(15,29,3,'2497d7b2-085d-4106-90bf-c9c425b14fd5',NULL,1795261650473,1795261660404);
INSERT INTO "Execution" VALUES(16,32,3,'825b7144-d666-4834-be52-e35b02e9e1fa',NULL,1795261660472,1795261660510);
CREATE TABLE `ExecutionProperty` (    `execution_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`execution_id`, `name`, `is_custom_property`));
INSERT INTO "ExecutionProperty" VALUES(1,'output_config',1,NULL,NULL,'{
  "split_config": {
    "splits": [
      {
        "hash_buckets": 2,
        "name": "train"
      },
      {
        "hash_buckets": 1,
        "name": "eval"
      }
    ]
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'output_data_format',1,6,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_config',1,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'output_file_format',1,5,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_base',1,NULL,NULL,'/srv/ada/data',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'span',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_fingerprint',1,NULL,NULL,'split:single_split,num_files:1,total_bytes:1922812,xor_checksum:1795261419,sum_checksum:1795261419',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'infer_feature_shape',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'disable_statistics',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'module_path',1,NULL,NULL,'taxi_utils_native_keras@/srv/ada/tfx/pipelines/_wheels/tfx_user_code_transform-0.0+2ecbc6400ab70977b7082bb6f4e224c04a61f80d3893574442d7ab97b7360fe6-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'force_tf_compat_v1',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'eval_args',1,NULL,NULL,'{
  "num_steps": 150
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'train_args',1,NULL,NULL,'{
  "num_steps": 1000
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'module_path',1,NULL,NULL,'taxi_utils_native_keras@/srv/ada/tfx/pipelines/_wheels/tfx_user_code_trainer-0.0+2ecbc6400ab70977b7082bb6f4e224c04a61f80d3893574442d7ab97b7360fe6-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'input_base',1,NULL,NULL,'/srv/ada/data',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'output_file_format',1,5,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'output_data_format',1,6,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'input_config',1,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'output_config',1,NULL,NULL,'{
  "split_config": {
    "splits": [
      {
        "hash_buckets": 2,
        "name": "train"
      },
      {
        "hash_buckets": 1,
        "name": "eval"
      }
    ]
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'infer_feature_shape',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(12,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(13,'force_tf_compat_v1',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(13,'module_path',1,NULL,NULL,'taxi_utils_native_keras@/srv/ada/tfx/pipelines/_wheels/tfx_user_code_transform-0.0+2ecbc6400ab70977b7082bb6f4e224c04a61f80d3893574442d7ab97b7360fe6-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(13,'disable_statistics',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(13,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(14,'train_args',1,NULL,NULL,'{
  "num_steps": 1000
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(14,'module_path',1,NULL,NULL,'taxi_utils_native_keras@/srv/ada/tfx/pipelines/_wheels/tfx_user_code_trainer-0.0+2ecbc6400ab70977b7082bb6f4e224c04a61f80d3893574442d7ab97b7360fe6-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(14,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(14,'eval_args',1,NULL,NULL,'{
  "num_steps": 150
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'example_splits',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'eval_config',1,NULL,NULL,'{
  "metrics_specs": [
    {
      "metrics": [
        {
          "class_name": "BinaryAccuracy",
          "threshold": {
            "change_threshold": {
              "absolute": -1e-10,
              "direction": "HIGHER_IS_BETTER"
            },
            "value_threshold": {
              "lower_bound": 0.6
            }
          }
        }
      ]
    }
  ],
  "model_specs": [
    {
      "label_key": "tips_xf",
      "preprocessing_function_names": [
        "transform_features"
      ],
      "signature_name": "serving_default"
    }
  ],
  "slicing_specs": [
    {}
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'fairness_indicator_thresholds',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(16,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(16,'push_destination',1,NULL,NULL,'{
  "filesystem": {
    "base_directory": "/srv/ada/tfx/serving_model"
  }
}',NULL,NULL,NULL);
CREATE TABLE `MLMDEnv` (    `schema_version` INTEGER PRIMARY KEY  );
INSERT INTO "MLMDEnv" VALUES(10);
CREATE TABLE `ParentContext` (    `context_id` INT NOT NULL,    `parent_context_id` INT NOT NULL,  PRIMARY KEY (`context_id`, `parent_context_id`));
INSERT INTO "ParentContext" VALUES(2,1);
INSERT INTO "ParentContext" VALUES(16,1);
CREATE TABLE `ParentType` (    `type_id` INT NOT NULL,    `parent_type_id` INT NOT NULL,  PRIMARY KEY (`type_id`, `parent_type_id`));
INSERT INTO "ParentType" VALUES(15,1);
INSERT INTO "ParentType" VALUES(17,7);
INSERT INTO "ParentType" VALUES(18,4);
INSERT INTO "ParentType" VALUES(19,7);
INSERT INTO "ParentType" VALUES(23,6);
INSERT INTO "ParentType" VALUES(26,5);
INSERT INTO "ParentType" VALUES(27,2);
INSERT INTO "ParentType" VALUES(29,8);
INSERT INTO "ParentType" VALUES(32,9);
INSERT INTO "ParentType" VALUES(33,2);
CREATE TABLE `Type` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `name` VARCHAR(255) NOT NULL,    `version` VARCHAR(255),    `type_kind` TINYINT(1) NOT NULL,    `description` TEXT,    `input_type` TEXT,    `output_type` TEXT,    `external_id` VARCHAR(255) UNIQUE );
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
INSERT INTO "Type" VALUES(12,'node',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(13,'tfx.components.example_gen.csv_example_gen.component.CsvExampleGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(14,'execution_cache',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(15,'Examples',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(16,'tfx.dsl.components.common.resolver.Resolver',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(17,'tfx.components.statistics_gen.component.StatisticsGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(18,'ExampleStatistics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(19,'tfx.components.schema_gen.component.SchemaGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(20,'Schema',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(21,'tfx.components.example_validator.component.ExampleValidator',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(22,'ExampleAnomalies',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(23,'tfx.components.transform.component.Transform',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(24,'TransformCache',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(25,'TransformGraph',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(26,'tfx.components.trainer.component.Trainer',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(27,'Model',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(28,'ModelRun',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(29,'tfx.components.evaluator.component.Evaluator',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(30,'ModelEvaluation',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(31,'ModelBlessing',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(32,'tfx.components.pusher.component.Pusher',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(33,'PushedModel',NULL,1,NULL,NULL,NULL,NULL);
CREATE TABLE `TypeProperty` (    `type_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `data_type` INT NULL,  PRIMARY KEY (`type_id`, `name`));
INSERT INTO "TypeProperty" VALUES(15,'split_names',3);
INSERT INTO "TypeProperty" VALUES(15,'span',1);
INSERT INTO "TypeProperty" VALUES(15,'version',1);
INSERT INTO "TypeProperty" VALUES(18,'span',1);
INSERT INTO "TypeProperty" VALUES(18,'split_names',3);
INSERT INTO "TypeProperty" VALUES(22,'split_names',3);
INSERT INTO "TypeProperty" VALUES(22,'span',1);
CREATE INDEX `idx_artifact_uri`  ON `Artifact`(`uri`);
CREATE INDEX `idx_artifact_create_time_since_epoch`  ON `Artifact`(`create_time_since_epoch`);
CREATE INDEX `idx_artifact_last_update_time_since_epoch`  ON `Artifact`(`last_update_time_since_epoch`);
CREATE INDEX `idx_event_execution_id`  ON `Event`(`execution_id`);
CREATE INDEX `idx_parentcontext_parent_context_id`  ON `ParentContext`(`parent_context_id`);
CREATE INDEX `idx_type_name`  ON `Type`(`name`);
CREATE INDEX `idx_execution_create_time_since_epoch`  ON `Execution`(`create_time_since_epoch`);
CREATE INDEX `idx_execution_last_update_time_since_epoch`  ON `Execution`(`last_update_time_since_epoch`);
CREATE INDEX `idx_context_create_time_since_epoch`  ON `Context`(`create_time_since_epoch`);
CREATE INDEX `idx_context_last_update_time_since_epoch`  ON `Context`(`last_update_time_since_epoch`);
CREATE INDEX `idx_eventpath_event_id`  ON `EventPath`(`event_id`);
CREATE INDEX `idx_artifact_property_int`  ON `ArtifactProperty`(`name`, `is_custom_property`, `int_value`)  WHERE `int_value` IS NOT NULL;
CREATE INDEX `idx_artifact_property_double`  ON `ArtifactProperty`(`name`, `is_custom_property`, `double_value`)  WHERE `double_value` IS NOT NULL;
CREATE INDEX `idx_artifact_property_string`  ON `ArtifactProperty`(`name`, `is_custom_property`, `string_value`)  WHERE `string_value` IS NOT NULL;
CREATE INDEX `idx_execution_property_int`  ON `ExecutionProperty`(`name`, `is_custom_property`, `int_value`)  WHERE `int_value` IS NOT NULL;
CREATE INDEX `idx_execution_property_double`  ON `ExecutionProperty`(`name`, `is_custom_property`, `double_value`)  WHERE `double_value` IS NOT NULL;
CREATE INDEX `idx_execution_property_string`  ON `ExecutionProperty`(`name`, `is_custom_property`, `string_value`)  WHERE `string_value` IS NOT NULL;
CREATE INDEX `idx_context_property_int`  ON `ContextProperty`(`name`, `is_custom_property`, `int_value`)  WHERE `int_value` IS NOT NULL;
CREATE INDEX `idx_context_property_double`  ON `ContextProperty`(`name`, `is_custom_property`, `double_value`)  WHERE `double_value` IS NOT NULL;
CREATE INDEX `idx_context_property_string`  ON `ContextProperty`(`name`, `is_custom_property`, `string_value`)  WHERE `string_value` IS NOT NULL;
CREATE INDEX `idx_type_external_id`  ON `Type`(`external_id`);
CREATE INDEX `idx_artifact_external_id`  ON `Artifact`(`external_id`);
CREATE INDEX `idx_execution_external_id`  ON `Execution`(`external_id`);
CREATE INDEX `idx_context_external_id`  ON `Context`(`external_id`);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('Type',33);
INSERT INTO "sqlite_sequence" VALUES('Context',20);
INSERT INTO "sqlite_sequence" VALUES('Execution',16);
INSERT INTO "sqlite_sequence" VALUES('Association',62);
INSERT INTO "sqlite_sequence" VALUES('Artifact',17);
INSERT INTO "sqlite_sequence" VALUES('Event',51);
INSERT INTO "sqlite_sequence" VALUES('Attribution',93);
COMMIT;
